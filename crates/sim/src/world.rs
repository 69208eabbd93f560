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
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use types::{
    Clock, Digest, Genesis, List, PeerKey, Text, Timestamp, TransactionHash, genesis::Operator, state::Memory,
};

use crate::{
    auditor::Auditor,
    clients::{COMPANIES, Desk, OPERATOR, key, person},
    disk::Disk,
    host::{Body, hush},
    liar::{Lie, Voice, voiced},
    machine::{Call, Machine, Tale, Told},
    network::Links,
    plan::{Draw, Event, Plan},
    trade::Trade,
};

type Context = deterministic::Context;

/// When simulated time begins.
const BEGIN: Timestamp = Timestamp(1_800_000_000_000);
/// Blocks that must come once nothing happens any more, and how long they and those who are behind may take.
const MOVES: u64 = 10;
const RECOVERY: Duration = Duration::from_secs(180);
/// Longer than any run may take.
const END: Duration = Duration::from_secs(3_600);
/// Views that the chain may take for these blocks, in which those who lag or lie lead too.
const VIEWS_MAX: u64 = 60;
/// How long a machine may be up after its disk has refused something: it must not go on with a disk that lies.
const AILING: Duration = Duration::from_secs(30);
/// When a chain whose machines are hushed stands still, and how many blocks may still become final on one that hears.
const STILL: Duration = Duration::from_secs(4);
const STRAY: u64 = 2;
/// Twins are numbered from here on.
const TWINS: usize = 100;
/// How often it is looked whether something has come about.
const LOOK: Duration = Duration::from_millis(100);

/// What a simulation went through.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    pub seed: u64,
    pub machines: usize,
    pub blocks: u64,
    pub transactions: usize,
    /// Of which were refused, as they had to be.
    pub refusals: usize,
    /// Lots of certificates that came to be.
    pub lots: usize,
    pub epochs: u64,
    pub crashes: u32,
    /// Machines that stopped because their disks refused something.
    pub fallen: u32,
    pub liars: usize,
    /// Changes of the validators that were voted.
    pub votes: usize,
    pub simulated: Duration,
    /// How long the chain took to move again once nothing happened any more.
    pub recovery: Duration,
    /// Views that its next blocks took.
    pub views: u64,
    /// Of everything that became final: the same for the same seed.
    pub digest: Digest,
}

/// Runs a plan. Whatever is found wrong is a panic.
pub fn run(plan: &Plan) -> Report {
    hush();
    let config = deterministic::Config::default()
        .with_seed(plan.seed)
        .with_start_time(UNIX_EPOCH + Duration::from_millis(BEGIN.0))
        .with_timeout(Some(END));
    let plan = plan.clone();
    deterministic::Runner::new(config).start(|context| async move { World::new(context, plan).await.live().await })
}

/// What is drawn for a part of a machine.
fn of(plan: &Plan, number: usize, part: u64) -> u64 {
    plan.seed ^ (u64::try_from(number).expect("few") << 32) ^ (part << 48)
}

/// A network, its clients, and what happens to it.
struct World {
    context: Context,
    plan: Plan,
    draw: Draw,
    links: Links,
    desk: Desk,
    tell: Told,
    voices: Vec<Arc<Voice>>,
    /// The second engines of machines that say two things at a time.
    twins: BTreeMap<usize, Machine>,
    /// Since when machines are up with a disk that has refused something.
    ailing: BTreeMap<usize, SystemTime>,
    crashes: u32,
    fallen: u32,
    votes: usize,
}

/// What is to be done at a moment.
#[derive(Clone, Debug)]
enum Action {
    Event(Event),
    Restart(usize),
    /// The links are well again.
    Heal,
    /// This machine's disk is replaced by a sound one with the same on it.
    Mend(usize),
    SetClock(usize),
    /// From here on nothing may become final until the hushed machines speak again.
    Still(BTreeSet<usize>, Duration),
    Speak(BTreeSet<usize>, u64),
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
            clock: if plan.moves_clock { Clock::Movable } else { Clock::Real },
            operator: Operator {
                name: Text::new(OPERATOR).expect("short"),
                legal_id: Text::new("SIM-OPERATOR").expect("short"),
                administrators: List::new(vec![key(&person(OPERATOR, "admin")).public_key()]).expect("one"),
            },
            founders: List::default(),
            epoch_blocks: plan.epoch_blocks,
            validators: committee.validators,
            group_key: committee.group_key,
            sharing: committee.sharing,
            state: None,
        });
        let peers = keys.iter().map(|keys| keys.peer.public_key()).collect();
        let links = Links::new(&context, peers).await;
        let begin = context.current();
        let lies: BTreeMap<usize, Lie> = plan.liars.iter().copied().collect();
        let voices: Vec<Arc<Voice>> = (0..keys.len())
            .map(|number| Voice::new(&context, of(&plan, number, 1), lies.get(&number).copied()))
            .collect();
        let build = |number: usize, keys: ValidatorKeys| {
            let disk = Disk::new(context.child("disk"), of(&plan, number, 2));
            let body = Arc::new(Body::new(number, disk, begin, plan.clocks[number % TWINS]));
            Machine::new(number, genesis.clone(), keys, plan.heartbeat, body)
        };
        let doubles = lies.iter().filter(|(_, lie)| **lie == Lie::Twins);
        let twins = doubles.map(|(number, _)| (*number, build(TWINS + number, keys[*number].clone()))).collect();
        let machines: Vec<Machine> = keys.into_iter().enumerate().map(|(number, keys)| build(number, keys)).collect();
        let auditor = Arc::new(Mutex::new(Auditor::default()));
        let (tell, mut heard) = mpsc::unbounded_channel();
        let books = auditor.clone();
        context.child("auditor").spawn(|_| async move {
            while let Some((machine, tale)) = heard.recv().await {
                match tale {
                    Tale::Awake(height) => books.lock().awake(machine, height),
                    Tale::Final(block) => books.lock().hear(machine, &block),
                }
            }
        });
        let desk = Desk::new(context.child("clients"), genesis, machines, auditor);
        let draw = Draw::new(plan.seed ^ 0x5eed);
        Self {
            context,
            plan,
            draw,
            links,
            desk,
            tell,
            voices,
            twins,
            ailing: BTreeMap::new(),
            crashes: 0,
            fallen: 0,
            votes: 0,
        }
    }

    async fn live(mut self) -> Report {
        for number in 0..self.plan.validators {
            self.start(number).await;
        }
        let parties = self.desk.set_up(&mut self.draw).await;
        let (stop, stopped) = watch::channel(false);
        let mut clients = Vec::new();
        for number in 0..COMPANIES.len() {
            let (desk, draw) = (self.desk.clone(), Draw::new(of(&self.plan, number, 3)));
            let (parties, stopped) = (parties.clone(), stopped.clone());
            clients.push(self.context.child("client").spawn(move |_| desk.pay(number, parties, draw, stopped)));
        }
        let trade = Trade::new(self.desk.clone(), parties, Draw::new(of(&self.plan, 0, 4)), stopped);
        clients.push(self.context.child("trade").spawn(|_| trade.run()));
        self.trouble().await;
        let (recovery, views) = self.recover().await;
        stop.send_replace(true);
        for client in clients {
            client.await.expect("a client ends by itself");
        }
        self.settle().await;
        self.report(recovery, views).await
    }

    /// Everything that the plan has in store.
    async fn trouble(&mut self) {
        let begin = self.context.current();
        let mut agenda: BTreeMap<(Duration, usize), Action> = BTreeMap::new();
        for (number, (at, event)) in self.plan.events.iter().enumerate() {
            agenda.insert((*at, number), Action::Event(event.clone()));
        }
        let mut number = agenda.len();
        let end = begin + self.plan.trouble;
        loop {
            let next = agenda.first_key_value().map_or(end, |((at, _), _)| begin + *at);
            if next > self.context.current() {
                self.context.sleep(LOOK).await;
            } else if let Some((_, action)) = agenda.pop_first() {
                if let Some((after, then)) = self.act(action).await {
                    agenda.insert((self.since(begin) + after, number), then);
                    number += 1;
                }
            } else {
                return;
            }
            for fallen in self.look_after() {
                agenda.insert((self.since(begin) + self.draw.millis(100, 4_000), number), Action::Restart(fallen));
                number += 1;
            }
        }
    }

    fn since(&self, begin: SystemTime) -> Duration {
        self.context.current().duration_since(begin).expect("time goes on")
    }

    /// Finds the machines that fell by themselves, and those that should have.
    fn look_after(&mut self) -> Vec<usize> {
        let now = self.context.current();
        let mut fallen = Vec::new();
        let mut machines = self.desk.machines.lock();
        for (number, machine) in machines.iter_mut().enumerate() {
            if machine.body.take_fell() {
                machine.crash();
                self.fallen += 1;
                fallen.push(number);
            }
            if machine.runs() && machine.body.disk.refused() {
                let since = *self.ailing.entry(number).or_insert(now);
                let ailing = now.duration_since(since).expect("time goes on");
                assert!(ailing < AILING, "machine {number} goes on {ailing:?} after its disk refused something");
            } else {
                self.ailing.remove(&number);
            }
        }
        fallen
    }

    /// Does it; what follows from it, and when.
    async fn act(&mut self, action: Action) -> Option<(Duration, Action)> {
        match action {
            Action::Event(event) => self.happen(event).await,
            Action::Restart(machine) => {
                self.start(machine).await;
                None
            }
            Action::Heal => {
                self.links.heal().await;
                None
            }
            Action::Mend(machine) => {
                self.desk.machines.lock()[machine].body.disk.set(None);
                None
            }
            Action::SetClock(machine) => {
                self.desk.machines.lock()[machine].body.set_clock(self.plan.clocks[machine]);
                None
            }
            Action::Still(machines, time) => {
                let height = self.desk.auditor.lock().height();
                Some((time, Action::Speak(machines, height)))
            }
            Action::Speak(machines, height) => {
                let now = self.desk.auditor.lock().height();
                assert!(
                    now <= height + STRAY,
                    "{machines:?} say nothing, and the chain went on from {height} to {now}"
                );
                machines.iter().for_each(|machine| self.voices[*machine].hush(false));
                None
            }
        }
    }

    async fn happen(&mut self, event: Event) -> Option<(Duration, Action)> {
        match event {
            Event::Crash { machine, down } => {
                if !self.runs(machine) {
                    return None;
                }
                self.crash(machine);
                Some((down.max(LOOK), Action::Restart(machine)))
            }
            Event::PowerCut { down } => {
                let running: Vec<usize> = (0..=self.plan.validators).filter(|machine| self.runs(*machine)).collect();
                running.iter().for_each(|machine| self.crash(*machine));
                self.context.sleep(down.max(LOOK)).await;
                for machine in running {
                    self.start(machine).await;
                }
                None
            }
            Event::Cut { side, time } => {
                self.links.cut(&side).await;
                Some((time, Action::Heal))
            }
            Event::BadLinks { latency, jitter, lost_percent, time } => {
                self.links.spoil(latency, jitter, lost_percent).await;
                Some((time, Action::Heal))
            }
            Event::BadDisk { machine, ill, time } => {
                self.desk.machines.lock()[machine].body.disk.set(Some(ill));
                Some((time, Action::Mend(machine)))
            }
            Event::BadClock { machine, skew, time } => {
                self.desk.machines.lock()[machine].body.set_clock(skew);
                Some((time, Action::SetClock(machine)))
            }
            Event::Hush { machines, time } => {
                machines.iter().for_each(|machine| self.voices[*machine].hush(true));
                Some((STILL, Action::Still(machines, time.saturating_sub(STILL))))
            }
            Event::VoteIn => {
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
            Event::VoteOut { machine } => {
                let peer_key = self.peer_key(machine);
                self.vote(Change::RemoveValidator { peer_key });
                None
            }
        }
    }

    /// Puts a change to the vote, beside everything else that happens.
    fn vote(&mut self, change: Change) {
        let (desk, mut draw) = (self.desk.clone(), Draw::new(of(&self.plan, self.votes, 5)));
        self.votes += 1;
        self.context.child("vote").spawn(move |_| async move { desk.vote(change, &mut draw).await });
    }

    fn peer_key(&self, machine: usize) -> PeerKey {
        self.desk.machines.lock()[machine].keys.peer_key()
    }

    fn runs(&self, machine: usize) -> bool {
        self.desk.machines.lock()[machine].runs()
    }

    fn crash(&mut self, number: usize) {
        self.desk.machines.lock()[number].crash();
        if let Some(twin) = self.twins.get_mut(&number) {
            twin.crash();
        }
        self.crashes += 1;
    }

    async fn start(&mut self, number: usize) {
        if self.runs(number) {
            return;
        }
        // Its double has the ends that are closed now.
        if let Some(twin) = self.twins.get_mut(&number) {
            twin.crash();
        }
        let ends = self.links.ends(number).await;
        let (ends, others) = voiced(&self.context, ends, &self.voices[number], &self.links.peers);
        self.desk.machines.lock()[number].start(&self.context, ends, self.tell.clone());
        if let Some((twin, ends)) = self.twins.get_mut(&number).zip(others) {
            twin.start(&self.context, ends, self.tell.clone());
        }
    }

    fn lies(&self, number: usize) -> bool {
        self.plan.liars.iter().any(|(liar, _)| *liar == number)
    }

    /// Those of the genesis, and the one that stands by if it is voted in: before that nobody speaks with it.
    fn machines(&self) -> usize {
        let joins = self.plan.events.iter().any(|(_, event)| *event == Event::VoteIn);
        self.plan.validators + usize::from(joins)
    }

    /// The machines that never lied.
    fn honest(&self) -> impl Iterator<Item = usize> {
        (0..self.machines()).filter(|number| !self.lies(*number))
    }

    /// The honest machines that must follow the chain to its end. One that was voted out is let go by the others some epochs
    /// after its last one.
    async fn lasting(&self) -> Vec<usize> {
        let furthest = {
            let auditor = self.desk.auditor.lock();
            self.honest().max_by_key(|number| auditor.told_by(*number)).expect("most are honest")
        };
        let epoch: Epoch = self.ask(furthest, Call::Epoch).await;
        let seated = [&epoch.signers, &epoch.receivers, &epoch.next_receivers];
        let voted_out = |number: usize| {
            self.plan.events.iter().any(|(_, event)| matches!(event, Event::VoteOut { machine } if *machine == number))
        };
        let gone = |number: &usize| {
            let key = self.peer_key(*number);
            voted_out(*number) && !seated.iter().any(|keys| keys.contains(&key))
        };
        self.honest().filter(|number| !gone(number)).collect()
    }

    /// Leaves the network alone: it must move again. How long that took, and how many views.
    async fn recover(&mut self) -> (Duration, u64) {
        self.links.heal().await;
        for number in 0..self.machines() {
            self.voices[number].hush(false);
            let (lied, refused) = {
                let machine = &self.desk.machines.lock()[number];
                machine.body.disk.set(None);
                machine.body.set_clock(self.plan.clocks[number]);
                (self.lies(number), machine.body.disk.refused())
            };
            self.voices[number].repent();
            // One engine of each key is left; whose disk refused something gets another.
            if lied || refused {
                self.crash(number);
                self.twins.remove(&number);
            }
            self.start(number).await;
        }
        let begin = self.context.current();
        let from = self.desk.auditor.lock().height();
        while self.desk.auditor.lock().height() < from + MOVES {
            self.tick(begin, "the chain does not move again").await;
        }
        (self.since(begin), self.views(begin, from).await)
    }

    /// Views that the blocks after a height took.
    async fn views(&self, begin: SystemTime, from: u64) -> u64 {
        let number = self.lasting().await[0];
        while self.desk.auditor.lock().told_by(number) < from + MOVES {
            self.tick(begin, &format!("machine {number} does not catch up")).await;
        }
        let (mut views, mut last) = (0, None);
        for height in from + 1..=from + MOVES {
            let (epoch, view) =
                self.ask(number, |answer| Call::Round(height, answer)).await.expect("it told of the block");
            views += last.filter(|(before, _)| *before == epoch).map_or(view, |(_, before)| view - before);
            if last.is_none() {
                views = 0;
            }
            last = Some((epoch, view));
        }
        assert!(views <= VIEWS_MAX, "{MOVES} blocks took {views} views after the last trouble");
        views
    }

    async fn ask<T>(&self, number: usize, call: impl FnOnce(oneshot::Sender<T>) -> Call) -> T {
        let calls = self.desk.machines.lock()[number].calls().expect("every machine runs");
        let (answer, answered) = oneshot::channel();
        let _ = calls.send(call(answer));
        answered.await.expect("a running machine answers")
    }

    /// Waits until every machine has told of everything.
    async fn settle(&mut self) {
        let begin = self.context.current();
        let height = self.desk.auditor.lock().height();
        for number in self.lasting().await {
            while self.desk.auditor.lock().told_by(number) < height {
                self.tick(begin, &format!("machine {number} does not catch up")).await;
            }
        }
        for (by, blocked) in self.links.blocked().await {
            let wrong = !self.lies(by) && !self.lies(blocked);
            assert!(!wrong, "machine {by} blocks machine {blocked}, which never lied");
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

    async fn report(&mut self, recovery: Duration, views: u64) -> Report {
        let mut epochs = 0;
        for number in self.lasting().await {
            let listing: Listing = self.ask(number, Call::List).await;
            let epoch: Epoch = self.ask(number, Call::Epoch).await;
            epochs = epochs.max(epoch.number);
            let mut state = Memory { records: listing.records.into_iter().collect(), events: Vec::new() };
            self.desk.auditor.lock().audit(number, &mut state);
        }
        let auditor = self.desk.auditor.lock();
        let begin = UNIX_EPOCH + Duration::from_millis(BEGIN.0);
        Report {
            seed: self.plan.seed,
            machines: self.machines(),
            blocks: auditor.height(),
            transactions: auditor.transactions(),
            refusals: auditor.refusals(),
            lots: auditor.lots(),
            epochs,
            crashes: self.crashes,
            fallen: self.fallen,
            liars: self.plan.liars.len(),
            votes: self.votes,
            simulated: self.context.current().duration_since(begin).expect("time goes on"),
            recovery,
            views,
            digest: auditor.digest(),
        }
    }
}
