//! Events: a stream that can be taken up where it broke off.
//!
//! The stream pulls pages from the backend when its client has read what it was given, so a slow reader holds one page
//! and a place, and falls behind alone.

use crate::{
    Doors,
    meters::Following,
    refusal::Refusal,
    request::{Answer, known_parameters, ok},
};
use api::{
    backend::{EventCursor, EventFilter},
    message::{EventPage, EventView},
    problem::doors,
};
use axum::{
    extract::State,
    http::{HeaderMap, Uri, header},
    response::{
        IntoResponse,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures::{Stream, stream};
use std::{collections::VecDeque, convert::Infallible, sync::Arc};
use tokio::sync::OwnedSemaphorePermit;
use types::{Rejection, limits::EVENTS_PER_PAGE_MAX};

/// When a follower for whom there is no room should come back.
const RETRY_MS: u64 = 5_000;

/// `GET /v1/events`
pub(crate) async fn follow(State(doors): State<Arc<Doors>>, uri: Uri, headers: HeaderMap) -> Answer {
    let (asked, filter) = read(&uri)?;
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()).filter(|id| !id.is_empty());
    // A browser that connects again sends its last id; that is further than where it began.
    let after = match (last, asked) {
        (Some(last), _) => last.parse()?,
        (None, Some(asked)) => asked,
        (None, None) => EventCursor::behind(doors.backend().info().await?.indexed_height),
    };
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    if !accept.contains("text/event-stream") {
        return ok(&doors.backend().events(after, filter, EVENTS_PER_PAGE_MAX).await?);
    }
    let Ok(place) = doors.streams.clone().try_acquire_owned() else {
        return Err(doors::too_many(RETRY_MS).into());
    };
    let heartbeat = KeepAlive::new().interval(doors.config.heartbeat).text("alive");
    let counted = doors.config.meters.follower();
    let follower =
        Follower { doors, after, filter, queue: VecDeque::new(), ended: false, _place: place, _counted: counted };
    Ok(Sse::new(stream_of(follower)).keep_alive(heartbeat).into_response())
}

fn read(uri: &Uri) -> Result<(Option<EventCursor>, EventFilter), Rejection> {
    let (mut after, mut filter) = (None, EventFilter::default());
    for (name, value) in known_parameters(uri, &["after", "module", "event", "party"])? {
        match name.as_str() {
            "after" => after = Some(value.parse()?),
            "module" => filter.module = Some(value),
            "event" => filter.event = Some(value),
            _ => filter.party = Some(value.parse().map_err(|why| doors::parameter("party", why))?),
        }
    }
    let modules = || {
        api::operations::modules().iter().filter(|module| filter.module.as_ref().is_none_or(|name| name == module.name))
    };
    if modules().next().is_none() {
        return Err(doors::parameter("module", "there is no such module"));
    }
    let known = |name: &String| modules().flat_map(|module| module.events).any(|event| event.name == name);
    if !filter.event.as_ref().is_none_or(known) {
        return Err(doors::parameter("event", "there is no such event"));
    }
    Ok((after, filter))
}

/// A client that follows events.
struct Follower {
    doors: Arc<Doors>,
    after: EventCursor,
    filter: EventFilter,
    queue: VecDeque<EventView>,
    ended: bool,
    _place: OwnedSemaphorePermit,
    _counted: Following,
}

fn stream_of(follower: Follower) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(follower, async |mut follower| {
        if follower.ended {
            return None;
        }
        if let Some(event) = follower.queue.pop_front() {
            return Some((Ok(shown(&event)), follower));
        }
        let mut stopped = follower.doors.stopped.clone();
        let page = tokio::select! {
            page = follower.doors.backend().events(follower.after, follower.filter.clone(), EVENTS_PER_PAGE_MAX) => page,
            _ = stopped.wait_for(|stopped| *stopped) => return None,
        };
        match page.map_err(Refusal::from).and_then(|page| follower.take(page)) {
            Ok(event) => Some((Ok(event), follower)),
            Err(refusal) => {
                follower.ended = true;
                let problem = serde_json::to_string(&refusal.problem()).expect("a problem has string keys only");
                Some((Ok(Event::default().event("problem").data(problem)), follower))
            }
        }
    })
}

impl Follower {
    /// Takes a page in, and gives its first event; of an empty page, its place.
    fn take(&mut self, page: EventPage) -> Result<Event, Refusal> {
        self.after = page.cursor.parse()?;
        self.queue = page.events.into();
        Ok(self.queue.pop_front().map_or_else(|| Event::default().id(page.cursor), |event| shown(&event)))
    }
}

fn shown(event: &EventView) -> Event {
    let data = serde_json::to_string(event).expect("an event has string keys only");
    Event::default().id(&event.cursor).event(format!("{}.{}", event.module, event.event)).data(data)
}
