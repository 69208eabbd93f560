//! A height that grows, and those who wait for it.
//!
//! They are woken in the order in which they began to wait. A watch channel picks whom to wake first by chance, and then a
//! simulation would not do the same again.

use commonware_utils::sync::Mutex;
use std::{
    future::poll_fn,
    task::{Poll, Waker},
};

#[derive(Default)]
pub(crate) struct Reached(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    height: u64,
    wakers: Vec<Waker>,
}

impl Reached {
    pub(crate) fn set(&self, height: u64) {
        let mut waiting = self.0.lock();
        waiting.height = height;
        let wakers = std::mem::take(&mut waiting.wakers);
        drop(waiting);
        wakers.into_iter().for_each(Waker::wake);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.lock().height
    }

    /// Resolves once the height is at least this.
    pub(crate) async fn at_least(&self, height: u64) {
        poll_fn(|context| {
            let mut waiting = self.0.lock();
            if waiting.height >= height {
                return Poll::Ready(());
            }
            waiting.wakers.push(context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}
