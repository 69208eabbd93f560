//! Events, taken up from any place.

use super::{Place, consortium, evidence_block};
use api::{
    backend::{EventCursor, EventFilter},
    message::EventView,
    view,
};

#[tokio::test]
async fn events_go_on_behind_any_cursor() {
    let (mut chain, ids) = consortium();
    evidence_block(&mut chain, "S1.maker", 0, 30);
    evidence_block(&mut chain, "CORE.maker", 30, 30);
    let place = Place::new();
    let index = place.open().await;
    index.apply(&chain.blocks).await.unwrap();
    let expected: Vec<EventView> = chain
        .blocks
        .iter()
        .flat_map(|block| view::block_events(block).map(|(at, cause, event)| view::event(event, at, cause)))
        .collect();
    assert!(expected.len() > 60);
    let all = EventFilter::default();
    let mut after = EventCursor::default();
    for (position, event) in expected.iter().enumerate() {
        let page = index.events(after, &all, 5).await.unwrap();
        let end = expected.len().min(position + 5);
        assert_eq!(page.events, expected[position..end]);
        after = event.cursor.parse().unwrap();
    }
    let of = |filter: EventFilter| {
        let index = &index;
        async move { index.events(EventCursor::default(), &filter, 500).await.unwrap().events }
    };
    let party = of(EventFilter { party: Some(ids[0]), ..EventFilter::default() }).await;
    assert!(party.len() > 30);
    assert_eq!(party, expected.iter().filter(|event| event.parties.contains(&ids[0])).cloned().collect::<Vec<_>>());
    let module = of(EventFilter { module: Some("evidence".to_owned()), ..EventFilter::default() }).await;
    assert_eq!(module.len(), 60);
    let kind = EventFilter {
        module: Some("evidence".to_owned()),
        event: Some("EvidenceRecorded".to_owned()),
        party: Some(ids[1]),
    };
    assert_eq!(of(kind).await.len(), 30);
}

#[tokio::test]
async fn a_follower_waits_for_what_passes_his_filter() {
    let (mut chain, ids) = consortium();
    let place = Place::new();
    let index = place.open().await;
    index.apply(&chain.blocks).await.unwrap();
    let (others, own) = (evidence_block(&mut chain, "CORE.maker", 0, 1), evidence_block(&mut chain, "S1.maker", 1, 1));
    let filter = EventFilter { party: Some(ids[1]), module: Some("evidence".to_owned()), event: None };
    let (page, ()) = tokio::join!(index.events(EventCursor::behind(2), &filter, 10), async {
        index.apply(&[others]).await.unwrap();
        tokio::task::yield_now().await;
        index.apply(&[own]).await.unwrap();
    });
    let page = page.unwrap();
    assert_eq!(page.events.len(), 1);
    assert_eq!(page.events[0].height, 4);
    assert_eq!(page.cursor.parse::<EventCursor>().unwrap(), EventCursor::behind(4));
}

#[tokio::test]
async fn a_page_without_events_says_how_far_it_looked() {
    let (chain, _) = consortium();
    let place = Place::new();
    let index = place.open().await;
    index.apply(&chain.blocks).await.unwrap();
    tokio::time::pause();
    let page = index.events(EventCursor::behind(2), &EventFilter::default(), 10).await.unwrap();
    assert!(page.events.is_empty());
    assert_eq!(page.cursor.parse::<EventCursor>().unwrap(), EventCursor::behind(2));
}
