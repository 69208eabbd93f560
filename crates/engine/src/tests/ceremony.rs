//! The birth of a group key: everybody gets a share of one key, and nobody begins without the others.

use super::{
    committee::{Committee as Net, simulate},
    support::{MemorySource, config, genesis, start_alone},
};
use crate::{
    ValidatorKeys,
    ceremony::{Born, Events, Progress, Setting, attend},
    epochs::{belongs, first_epoch},
    simulation::ends,
};
use commonware_cryptography::Signer as _;
use commonware_runtime::{Clock as _, Handle, Spawner as _, Supervisor as _};
use commonware_utils::{channel::mpsc, ordered::Set};
use std::{sync::Arc, time::Duration};
use types::{Digest, Genesis};

type Told = mpsc::Receiver<Result<Progress, crate::Error>>;

/// Has one take part.
async fn join(net: &Net, number: usize, count: usize) -> (Told, Handle<Result<(), crate::Error>>) {
    let participants = Set::from_iter_dedup(net.keys[..count].iter().map(|keys| keys.peer.public_key()));
    let keys = ValidatorKeys { share: None, ..net.keys[number].clone() };
    let network = ends(&net.oracle, keys.peer.public_key()).await;
    let setting = Setting { plan: Digest([7; 32]), keys, participants, prefix: format!("p{number}-") };
    let (events, told): (Events, Told) = mpsc::channel(64);
    let context = net.context.child("participant").with_attribute("number", number);
    let attending = context.spawn(move |context| attend(context, setting, network, events));
    (told, attending)
}

/// Listens until this one has its share; how many it had heard of then.
async fn born(told: &mut Told) -> (Born, usize) {
    let mut here = 0;
    loop {
        match told.recv().await.unwrap().unwrap() {
            Progress::Attendance(attendance) => here = attendance.here,
            Progress::Born(born) => return (*born, here),
        }
    }
}

#[test]
fn everybody_gets_a_share_of_one_key_and_nobody_begins_without_the_others() {
    simulate(12, |context| async move {
        let net = Net::new(context).await;
        let mut attending = Vec::new();
        for number in 0..3 {
            attending.push(join(&net, number, 4).await);
        }
        net.context.sleep(Duration::from_secs(60)).await;
        for (told, _) in &mut attending {
            while let Ok(progress) = told.try_recv() {
                assert!(matches!(progress.unwrap(), Progress::Attendance(attendance) if attendance.here <= 3));
            }
        }
        attending.push(join(&net, 3, 4).await);
        let mut all = Vec::new();
        for (told, _) in &mut attending {
            let (born, here) = born(told).await;
            assert_eq!(here, 4);
            all.push(born);
        }
        for (_, attending) in attending {
            attending.await.unwrap().unwrap();
        }
        let founding = &all[0].committee;
        let chain = Arc::new(Genesis { ..genesis(founding) });
        let first = first_epoch(&chain).unwrap();
        for (born, keys) in all.iter().zip(&net.keys) {
            assert_eq!(born.committee.sharing, founding.sharing);
            assert_eq!(born.committee.group_key, founding.group_key);
            let share = born.keys.share.as_ref().unwrap();
            assert!(belongs(&first, &keys.peer.public_key(), share));
            assert_eq!(ValidatorKeys::decode(&born.keys.encode()).unwrap().share.as_ref(), Some(share));
        }
        assert_ne!(founding.group_key, net.genesis.group_key);
    });
}

#[test]
fn one_alone_makes_a_chain_by_ceremony_too() {
    simulate(13, |context| async move {
        let net = Net::new(context).await;
        let (mut told, attending) = join(&net, 0, 1).await;
        let (born, _) = born(&mut told).await;
        attending.await.unwrap().unwrap();
        let chain: Arc<Genesis> = Arc::new(genesis(&born.committee));
        let source = Arc::new(MemorySource::default());
        let services = start_alone(&net.context, config(&chain, &born.keys, &source)).await;
        let mut blocks = services.final_blocks(1);
        assert_eq!(blocks.recv().await.unwrap().unwrap().header.height, 1);
    });
}
