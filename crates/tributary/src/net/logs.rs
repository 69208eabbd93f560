//! What all nodes say, in one view: each line behind its node's name, as it comes.

use anyhow::Context as _;
use std::{
    fs::File,
    io::{ErrorKind, Read as _, Seek as _, SeekFrom},
    path::PathBuf,
    time::Duration,
};

/// How often the logs are looked at.
const LOOK: Duration = Duration::from_millis(200);

/// A log and how far it was shown.
pub struct Log {
    number: u32,
    path: PathBuf,
    shown: u64,
    /// The beginning of a line whose end has not come yet.
    rest: String,
}

/// Shows what is added to the logs.
pub async fn follow(mut logs: Vec<Log>) -> anyhow::Result<()> {
    let mut ticks = tokio::time::interval(LOOK);
    loop {
        ticks.tick().await;
        for log in &mut logs {
            log.show().with_context(|| format!("read {}", log.path.display()))?;
        }
    }
}

impl Log {
    /// A node's log from its present end on.
    pub fn at_end(number: u32, path: PathBuf) -> Self {
        let shown = std::fs::metadata(&path).map_or(0, |metadata| metadata.len());
        Self { number, path, shown, rest: String::new() }
    }

    fn show(&mut self) -> std::io::Result<()> {
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        file.seek(SeekFrom::Start(self.shown))?;
        let mut bytes = Vec::new();
        self.shown += u64::try_from(file.read_to_end(&mut bytes)?).expect("a log fits a disk");
        self.rest.push_str(&String::from_utf8_lossy(&bytes));
        while let Some((line, rest)) = self.rest.split_once('\n') {
            println!("node{} | {line}", self.number);
            self.rest = rest.to_owned();
        }
        Ok(())
    }
}
