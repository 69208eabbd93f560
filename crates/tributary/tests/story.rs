//! The demonstration's story, cut off and taken up again.

mod support;

use support::{Quiet, Stage};
use tributary::demo::{Journal, Story};

/// Counts what was told.
#[derive(Default)]
struct Lines(Vec<String>);

impl tributary::demo::Narrator for Lines {
    fn chapter(&mut self, title: &str) {
        self.0.push(title.to_owned());
    }
    fn line(&mut self, line: &str) {
        self.0.push(line.to_owned());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_story_that_broke_off_goes_on_and_nothing_happens_twice() {
    let mut stage = Stage::new().await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("story.journal");
    let (journal, plot) = Journal::open(path.clone()).expect("a journal");
    stage.actors.write_to(journal);
    let mut quiet = Quiet;
    let mut story = Story::take_up(&mut stage.actors, &mut quiet, plot);
    // The process dies in the middle of the second step: what was sent is on the chain, the plot is that of the first.
    story.consortium().await.expect("the consortium");
    story.plot.step = 1;
    let plot = story.plot.clone();
    stage.actors.checkpoint(&plot);
    let mut story = Story::take_up(&mut stage.actors, &mut quiet, plot);
    story.documents().await.expect("the documents");
    let before = story.plot.invoices.clone();
    let mut stage = stage.restart().await;
    let (journal, plot) = Journal::open(path.clone()).expect("the journal");
    assert_eq!(plot.step, 1);
    stage.actors.write_to(journal);
    let mut lines = Lines::default();
    let mut story = Story::take_up(&mut stage.actors, &mut lines, plot);
    story.tell().await.expect("the whole story");
    assert_eq!(story.plot.invoices, before, "the same invoices, not second ones");
    let height = stage.node.chain().head().height;
    // Told again from the end, it does nothing at all.
    let (journal, plot) = Journal::open(path).expect("the journal");
    assert!(plot.is_told());
    stage.actors.write_to(journal);
    let mut again = Lines::default();
    Story::take_up(&mut stage.actors, &mut again, plot).tell().await.expect("the story again");
    assert!(again.0.is_empty() && !lines.0.is_empty());
    assert!(stage.node.chain().head().height <= height + 3, "no block but a heartbeat's");
    stage.audit().await;
    stage.node.stop().await;
}
