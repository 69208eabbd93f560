//! One simulation, from the first block to the last audit.

use commonware_cryptography::Signer as _;
use commonware_runtime::{Clock as _, Runner as _, Spawner as _, Supervisor as _, deterministic};
use commonware_utils::{
    TestRng,
    channel::{mpsc, oneshot, watch},
    sync::Mutex,
};
use engine::{Epoch, Listing, ValidatorKeys, deal};
use ledger::{
    core::EnterpriseId,
    governance::{Change, NewPeer},
};
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};
use types::{
    Clock, Digest, Genesis, List, PeerKey, Text, Timestamp, TransactionHash, genesis::Operator, state::Memory,
};

use crate::{
    auditor::Auditor,
    clients::{COMPANIES, Desk, key, person},
    machine::{Call, Machine, Told},
    network::Links,
    plan::{Draw, Event, Plan},
};

type Context = deterministic::Context;

/// When simulated time begins.
const BEGIN: Timestamp = Timestamp(1_800_000_000_000);
/// Blocks that must come once nothing happens any more, and how long they and those who are behind may take.
const MOVES: u64 = 10;
const RECOVERY: Duration = Duration::from_secs(180);
/// Longer than any run may take.
const END: Duration = Duration::from_secs(3_600);
/// How often it is looked whether something has come about.
const LOOK: Duration = Duration::from_millis(100);

/// What a simulation went through.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    pub seed: u64,
    pub machines: usize,
    pub blocks: u64,
    pub transactions: usize,
    pub epochs: u64,
    pub crashes: u32,
    /// Changes of the validators that were voted.
    pub votes: u32,
    pub simulated: Duration,
    /// How long the chain took to move again once nothing happened any more.
    pub recovery: Duration,
    /// Of everything that became final: the same for the same seed.
    pub digest: Digest,
}

/// Runs a plan. Whatever is found wrong is a panic.
pub fn run(plan: &Plan) -> Report {
    let config = deterministic::Config::default()
        .with_seed(plan.seed)
        .with_start_time(UNIX_EPOCH + Duration::from_millis(BEGIN.0))
        .with_timeout(Some(END));
    let plan = plan.clone();
    deterministic::Runner::new(config).start(|context| async move { World::new(context, plan).await.live().await })
}

/// A network, its clients, and what happens to it.
struct World {
    context: Context,
    plan: Plan,
    draw: Draw,
    links: Links,
    desk: Desk,
    tell: Told,
    crashes: u32,
    votes: u32,
}

/// What is to be done at a moment.
#[derive(Clone, Debug)]
enum Action {
    Event(Event),
    Restart(usize),
    Heal,
}

impl World {
    async fn new(context: Context, plan: Plan) -> Self {
        let mut rng = TestRng::new(plan.seed);
        let (committee, mut keys) = deal(u32::try_from(plan.validators).expect("few"), &mut rng);
        keys.push(ValidatorKeys::new(&mut rng));
        let genesis = Arc::new(Genesis {
            name: Text::new("simulation").expect("short"),
            time: BEGIN,
            made_at: BEGIN,
            clock: Clock::Real,
            operator: Operator {
                name: Text::new("Operator").expect("short"),
                legal_id: Text::new("SIM-OPERATOR").expect("short"),
                administrators: List::new(vec![key(&person("Operator", "admin")).public_key()]).expect("one"),
            },
            founders: List::default(),
            epoch_blocks: plan.epoch_blocks,
            validators: committee.validators,
            group_key: committee.group_key,
            sharing: committee.sharing,
        });
        let peers = keys.iter().map(|keys| keys.peer.public_key()).collect();
        let links = Links::new(&context, peers).await;
        let machine = |(number, keys)| Machine::new(number, genesis.clone(), keys, plan.heartbeat);
        let machines: Vec<Machine> = keys.into_iter().enumerate().map(machine).collect();
        let auditor = Arc::new(Mutex::new(Auditor::default()));
        let (tell, mut heard) = mpsc::unbounded_channel();
        let books = auditor.clone();
        context.child("auditor").spawn(|_| async move {
            while let Some((machine, block)) = heard.recv().await {
                books.lock().hear(machine, &block);
            }
        });
        let desk = Desk {
            context: Arc::new(context.child("clients")),
            genesis,
            machines: Arc::new(Mutex::new(machines)),
            auditor,
        };
        let draw = Draw::new(plan.seed ^ 0x5eed);
        Self { context, plan, draw, links, desk, tell, crashes: 0, votes: 0 }
    }

    async fn live(mut self) -> Report {
        for number in 0..self.plan.validators {
            self.start(number).await;
        }
        let accounts = self.desk.set_up(&mut self.draw).await;
        let (stop, stopped) = watch::channel(false);
        let mut paying = Vec::new();
        for number in 0..COMPANIES.len() {
            let (desk, draw) = (self.desk.clone(), Draw::new(self.plan.seed.wrapping_add(number as u64 + 1)));
            let (accounts, stopped) = (accounts.clone(), stopped.clone());
            paying.push(self.context.child("client").spawn(move |_| desk.pay(number, accounts, draw, stopped)));
        }
        self.trouble().await;
        let recovery = self.recover().await;
        stop.send_replace(true);
        for paying in paying {
            paying.await.expect("a client ends by itself");
        }
        self.settle().await;
        self.report(recovery).await
    }

    /// Everything that the plan has in store.
    async fn trouble(&mut self) {
        let begin = self.context.current();
        let mut agenda: BTreeMap<(Duration, usize), Action> = BTreeMap::new();
        for (number, (at, event)) in self.plan.events.iter().enumerate() {
            agenda.insert((*at, number), Action::Event(event.clone()));
        }
        let mut number = agenda.len();
        while let Some(((at, _), action)) = agenda.pop_first() {
            self.context.sleep_until(begin + at).await;
            if let Some((after, then)) = self.act(action).await {
                agenda.insert((at + after, number), then);
                number += 1;
            }
        }
        self.context.sleep_until(begin + self.plan.trouble).await;
    }

    /// Does it; what follows from it, and when.
    async fn act(&mut self, action: Action) -> Option<(Duration, Action)> {
        match action {
            Action::Restart(machine) => {
                self.start(machine).await;
                None
            }
            Action::Heal => {
                self.links.heal().await;
                None
            }
            Action::Event(Event::Crash { machine, down }) => {
                if !self.runs(machine) {
                    return None;
                }
                self.desk.machines.lock()[machine].crash();
                self.crashes += 1;
                Some((down.max(LOOK), Action::Restart(machine)))
            }
            Action::Event(Event::Cut { side, time }) => {
                self.links.cut(&side).await;
                Some((time, Action::Heal))
            }
            Action::Event(Event::BadLinks { latency, jitter, lost_percent, time }) => {
                self.links.spoil(latency, jitter, lost_percent).await;
                Some((time, Action::Heal))
            }
            Action::Event(Event::VoteIn) => {
                let newcomer = self.plan.validators;
                let peer = NewPeer {
                    peer_key: self.peer_key(newcomer),
                    enterprise: EnterpriseId::derive(TransactionHash(self.desk.genesis.chain().0), 0, 0),
                    name: Text::new("the machine that stood by").expect("short"),
                    addresses: List::new(vec!["standby.example:9645".parse().expect("an address")]).expect("one"),
                };
                self.vote(Change::AddValidator(peer));
                Some((LOOK, Action::Restart(newcomer)))
            }
            Action::Event(Event::VoteOut { machine }) => {
                let peer_key = self.peer_key(machine);
                self.vote(Change::RemoveValidator { peer_key });
                None
            }
        }
    }

    /// Puts a change to the vote, beside everything else that happens.
    fn vote(&mut self, change: Change) {
        let (desk, mut draw) = (self.desk.clone(), Draw::new(self.plan.seed ^ u64::from(self.votes) ^ 0x0701e));
        let nonce = u64::from(self.votes);
        self.votes += 1;
        self.context.child("vote").spawn(move |_| async move { desk.vote(change, nonce, &mut draw).await });
    }

    fn peer_key(&self, machine: usize) -> PeerKey {
        self.desk.machines.lock()[machine].keys.peer_key()
    }

    fn runs(&self, machine: usize) -> bool {
        self.desk.machines.lock()[machine].runs()
    }

    async fn start(&mut self, number: usize) {
        if self.runs(number) {
            return;
        }
        let ends = self.links.ends(number).await;
        self.desk.machines.lock()[number].start(&self.context, ends, self.tell.clone());
    }

    /// Leaves the network alone: it must move again.
    async fn recover(&mut self) -> Duration {
        self.links.heal().await;
        for number in 0..=self.plan.validators {
            self.start(number).await;
        }
        let begin = self.context.current();
        let from = self.desk.auditor.lock().height();
        while self.desk.auditor.lock().height() < from + MOVES {
            self.tick(begin, "the chain does not move again").await;
        }
        self.context.current().duration_since(begin).expect("time goes on")
    }

    /// Waits until every machine has told of everything.
    async fn settle(&mut self) {
        let begin = self.context.current();
        let height = self.desk.auditor.lock().height();
        for number in 0..=self.plan.validators {
            while self.desk.auditor.lock().told_by(number) < height {
                self.tick(begin, &format!("machine {number} does not catch up")).await;
            }
        }
    }

    async fn tick(&self, begin: std::time::SystemTime, complaint: &str) {
        let waited = self.context.current().duration_since(begin).expect("time goes on");
        if waited > RECOVERY {
            let auditor = self.desk.auditor.lock();
            let told: Vec<u64> = (0..=self.plan.validators).map(|number| auditor.told_by(number)).collect();
            panic!("seed {}: {complaint}, {waited:?} after the last trouble; machines are at {told:?}", self.plan.seed);
        }
        self.context.sleep(LOOK).await;
    }

    async fn report(&mut self, recovery: Duration) -> Report {
        let mut epochs = 0;
        for number in 0..=self.plan.validators {
            let calls = self.desk.machines.lock()[number].calls().expect("every machine runs");
            let (answer, listed) = oneshot::channel::<Listing>();
            let _ = calls.send(Call::List(answer));
            let listing = listed.await.expect("a running machine answers");
            let (answer, asked) = oneshot::channel::<Epoch>();
            let _ = calls.send(Call::Epoch(answer));
            epochs = epochs.max(asked.await.expect("a running machine answers").number);
            let mut state = Memory { records: listing.records.into_iter().collect(), events: Vec::new() };
            self.desk.auditor.lock().audit(number, &mut state);
        }
        let auditor = self.desk.auditor.lock();
        let begin = UNIX_EPOCH + Duration::from_millis(BEGIN.0);
        Report {
            seed: self.plan.seed,
            machines: self.plan.validators + 1,
            blocks: auditor.height(),
            transactions: auditor.transactions(),
            epochs,
            crashes: self.crashes,
            votes: self.votes,
            simulated: self.context.current().duration_since(begin).expect("time goes on"),
            recovery,
            digest: auditor.digest(),
        }
    }
}
