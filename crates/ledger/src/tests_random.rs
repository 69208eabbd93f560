//! Random acts of every module, by everybody, over months: the laws hold whatever happens.
//!
//! The generator is deterministic. Each move picks arguments that are plausible and often wrong: lots that are spent,
//! signers who may not, amounts a cent too large. Every so often, and at the end, the whole state is audited, and sums
//! that the audit can only bound are compared exactly: here nothing but certificates uses quotas, lines and suspense.

// Each module's random acts stand in its folder, beside its rules.
#[path = "receivable/tests_random_certificates.rs"]
mod certificates;
#[path = "credit/tests_random.rs"]
mod credit;
#[path = "enterprise/tests_random.rs"]
mod enterprises;
#[path = "receivable/tests_random_financing.rs"]
mod financing;
#[path = "governance/tests_random.rs"]
mod governing;
#[path = "receivable/tests_random_maturity.rs"]
mod maturity;
#[path = "money/tests_random.rs"]
mod money;
#[path = "document/tests_random.rs"]
mod papers;

use crate::{
    Call,
    core::{Audit, EnterpriseId, EntityRole, EventKind},
    credit::{BankLine, Cover, GrantLine, GrantQuota, LineKind, Quota},
    document::{ContractId, CreditNoteId, DeliveryId, Invoice, InvoiceId, OrderId},
    enterprise::Obligations,
    evidence::EvidenceId,
    governance::{self, Observer, Validator, ValidatorStatus, Weight, fixtures},
    modules,
    money::{AccountKind, CashAccount, CashAccountId, CashFactId, HoldId},
    receivable::{
        Backing, Certificate, CertificateDishonored, CertificateId, CertificateStatus, DisputeId, Financing,
        FinancingId, FinancingStatus, FreezeId, FundingId, Lot, LotId, LotStatus, MaturityCalled, Quote, Settlement,
        Transfer, TransferId, TransferStatus,
    },
    testing::{Scenario, text},
};
use std::collections::{BTreeMap, BTreeSet};
use types::{Amount, Currency, Date, Rejection, wire};

const SUPPLIERS: [&str; 4] = ["S1", "S2", "S3", "S4"];
const CORES: [&str; 2] = ["CORE", "CORE2"];
const BANKS: [&str; 3] = ["BKA", "BKB", "SB"];
/// Ids of one kind that moves pick from: the latest ones, so that most moves find something to do.
const POOL: usize = 24;
/// Runs side by side, each with its own seed and consortium.
const SEEDS: [u64; 4] = [2026, 77, 226, 802];
/// Acts of each run.
const ACTS: u64 = 25_000;
/// Steps of each run in which the chain only changes itself.
const VOTES: u64 = 2_000;
/// Acts between two audits.
const AUDIT_EVERY: u64 = 5_000;

/// A small generator: SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    fn between(&mut self, first: u64, last: u64) -> u64 {
        first + self.below(last + 1 - first)
    }

    fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn of<T: Copy>(&mut self, items: &[T]) -> Option<T> {
        let position = usize::try_from(self.below(u64::try_from(items.len()).unwrap())).unwrap();
        items.get(position).copied()
    }
}

/// The latest ids of one kind.
struct Pool<T>(Vec<T>);

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Pool<T> {
    fn add(&mut self, item: T) {
        if self.0.len() == POOL {
            self.0.remove(0);
        }
        self.0.push(item);
    }
}

/// How often an act was asked for, and how often it was done.
#[derive(Clone, Copy, Default, Debug)]
struct Count {
    asked: u64,
    done: u64,
}

struct World {
    scenario: Scenario,
    random: Random,
    names: BTreeMap<EnterpriseId, String>,
    counts: BTreeMap<(u16, u16), Count>,
    acts: u64,
    numbers: u64,
    contracts: Pool<ContractId>,
    orders: Pool<OrderId>,
    deliveries: Pool<DeliveryId>,
    invoices: Pool<InvoiceId>,
    notes: Pool<CreditNoteId>,
    certificates: Pool<CertificateId>,
    /// Certificates whose maturity was called.
    maturing: Pool<CertificateId>,
    /// Certificates that were overdue.
    late: Pool<CertificateId>,
    transfers: Pool<TransferId>,
    financings: Pool<FinancingId>,
    facts: Pool<CashFactId>,
    fundings: Pool<(CertificateId, FundingId)>,
    freezes: Pool<FreezeId>,
    disputes: Pool<DisputeId>,
    counter_claims: certificates::CounterClaims,
    accounts: Pool<CashAccountId>,
    holds: Pool<HoldId>,
    evidence: Pool<EvidenceId>,
    enterprises: Pool<(EnterpriseId, String)>,
    members: Pool<(crate::core::MemberId, types::AccountId)>,
    proposals: Pool<governance::ProposalId>,
    /// Machines that were proposed, and their enterprises' names.
    machines: Pool<(types::PeerKey, &'static str)>,
    /// The last height whose block was run.
    blocks: u64,
    /// Kinds of the chain's own events that happened.
    governed: BTreeSet<u16>,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut scenario = Scenario::new();
        scenario.register("S4", &[EntityRole::Supplier]);
        fixtures::found(&mut scenario, &fixtures::FOUNDERS);
        let parties = crate::testing::PARTIES.iter().map(|(name, _)| *name).chain(["S4"]);
        let names = parties.map(|name| (Scenario::id(name), name.to_owned())).collect();
        let mut world = Self {
            scenario,
            random: Random(seed),
            names,
            counts: BTreeMap::new(),
            acts: 0,
            numbers: 0,
            contracts: Pool::default(),
            orders: Pool::default(),
            deliveries: Pool::default(),
            invoices: Pool::default(),
            notes: Pool::default(),
            certificates: Pool::default(),
            maturing: Pool::default(),
            late: Pool::default(),
            transfers: Pool::default(),
            financings: Pool::default(),
            facts: Pool::default(),
            fundings: Pool::default(),
            freezes: Pool::default(),
            disputes: Pool::default(),
            counter_claims: Vec::new(),
            accounts: Pool::default(),
            holds: Pool::default(),
            evidence: Pool::default(),
            enterprises: Pool::default(),
            members: Pool::default(),
            proposals: Pool::default(),
            machines: Pool::default(),
            blocks: 0,
            governed: BTreeSet::new(),
        };
        for supplier in SUPPLIERS {
            world.grant_line("BKA", supplier, 2_000_000_000);
        }
        for core in CORES {
            world.grant_quota(core, 40_000_000_000);
            world.grant_cover(core, 6_000_000_000);
            for bank in BANKS {
                world.grant_line(bank, core, 6_000_000_000);
            }
        }
        world
    }

    fn today(&self) -> Date {
        self.scenario.time.date()
    }

    /// A new number for a paper, a booking, a registration.
    fn number(&mut self, prefix: &str) -> String {
        self.numbers += 1;
        format!("{prefix}-{}", self.numbers)
    }

    fn yuan(&self, minor: u64) -> Amount {
        Currency::CNY.minor(minor)
    }

    /// A name of the harness for an enterprise; enterprises that registered later sign nothing here.
    fn name(&self, id: EnterpriseId) -> String {
        self.names.get(&id).cloned().unwrap_or_else(|| "S1".to_owned())
    }

    /// Maker and checker of an enterprise, sometimes too few, sometimes somebody else's.
    fn two(&mut self, name: &str) -> String {
        match self.random.below(100) {
            0 => format!("{name}.maker"),
            1 => format!("{name}.both"),
            2 => "S2.maker+S2.checker".to_owned(),
            _ => format!("{name}.maker+{name}.checker"),
        }
    }

    /// Asks for an act, and counts it.
    fn go<C: Call>(&mut self, signers: &str, call: &C) -> Result<C::Outcome, Rejection> {
        self.acts += 1;
        let act = crate::act(call)?;
        let kind = (act.module, act.call);
        self.counts.entry(kind).or_default().asked += 1;
        let outcomes = self.scenario.transact(signers, &[act])?;
        self.counts.get_mut(&kind).unwrap().done += 1;
        Ok(wire::decode(&outcomes[0]).unwrap())
    }

    fn grant_quota(&mut self, core: &str, limit: u64) {
        let (starts, expires) = ("2026-01-01".parse().unwrap(), self.today().plus_days(900));
        let limit = self.yuan(limit);
        let quota = GrantQuota { core: Scenario::id(core), limit, starts, expires, remark: text("committee") };
        let _ = self.go("OP.maker+OP.checker", &quota);
    }

    fn grant_line(&mut self, bank: &str, core: &str, sanctioned: u64) {
        let (starts, expires) = ("2026-01-01".parse().unwrap(), self.today().plus_days(900));
        let line = GrantLine {
            obligor: Scenario::id(core),
            sanctioned: self.yuan(sanctioned),
            ad_hoc: None,
            starts,
            expires,
            kind: LineKind::Revolving,
            remark: text("memo"),
        };
        let _ = self.go(&format!("{bank}.maker+{bank}.risk"), &line);
    }

    fn certificate(&mut self) -> Option<(CertificateId, Certificate)> {
        let id = self.random.of(&self.certificates.0)?;
        Some((id, self.scenario.record(&id).unwrap()))
    }

    /// A lot of a recent certificate, more often a live one than not, with its holder's name.
    fn lot(&mut self) -> Option<(LotId, Lot, String)> {
        let (id, certificate) = self.certificate()?;
        let mut found = None;
        for _ in 0..3 {
            let number = u32::try_from(self.random.between(1, u64::from(certificate.lots.max(1)))).unwrap();
            let lot_id = LotId::of(id, number);
            let lot: Lot = self.scenario.record(&lot_id)?;
            let live = lot.is_live();
            found = Some((lot_id, lot));
            if live {
                break;
            }
        }
        let (id, lot) = found?;
        let holder = self.name(lot.holder);
        Some((id, lot, holder))
    }

    /// A part of an amount: often all of it, sometimes more.
    fn part(&mut self, of: Amount) -> Amount {
        let minor = match self.random.below(10) {
            0 => of.minor + 1,
            1..=5 => of.minor,
            _ => (of.minor / 100).max(1) * self.random.between(1, 99),
        };
        Amount { minor: minor.max(1), ..of }
    }

    /// Some hours go by, and what falls due happens.
    fn wait(&mut self) {
        let hours = self.random.between(1, 12);
        let to = self.scenario.time.plus_hours(hours);
        let next = |scenario: &mut Scenario| crate::core::due::next(&mut scenario.state).unwrap();
        while let Some(at) = next(&mut self.scenario).filter(|at| *at <= to) {
            self.scenario.time = self.scenario.time.max(at);
            self.scenario.run_due();
        }
        self.scenario.time = to;
    }

    fn step(&mut self) {
        match self.random.below(100) {
            0..=23 => self.move_papers(),
            24..=47 => self.move_certificates(),
            48..=69 => self.move_financing(),
            70..=83 => self.move_maturity(),
            84..=90 => self.move_money(),
            91..=93 => self.move_enterprises(),
            94..=95 => self.move_governance(),
            _ => self.wait(),
        }
        // What an act scheduled for its own moment happens in the next block.
        self.scenario.run_due();
        self.run_blocks();
        self.listen();
    }

    /// Remembers which certificates mature, and which are late.
    fn listen(&mut self) {
        for event in std::mem::take(&mut self.scenario.state.events) {
            if event.module == governance::MODULE.number {
                self.governed.insert(event.event);
            }
            if (event.module, event.event) == (MaturityCalled::MODULE, MaturityCalled::NUMBER) {
                self.maturing.add(wire::decode::<MaturityCalled>(&event.payload).unwrap().certificate);
            }
            if (event.module, event.event) == (CertificateDishonored::MODULE, CertificateDishonored::NUMBER) {
                let late = wire::decode::<CertificateDishonored>(&event.payload).unwrap().certificate;
                if self.late.0.last() != Some(&late) {
                    self.late.add(late);
                }
            }
        }
    }

    fn audit(&mut self) {
        self.scenario.audit();
        let untied = Audit::run(&self.scenario.state, &[ties]);
        assert!(untied.is_empty(), "{untied:#?}");
    }

    /// Runs so many acts; audits every so often, and at the end.
    fn run(&mut self, acts: u64) {
        let mut audited = 0;
        while self.acts < acts {
            self.step();
            if self.acts >= audited + AUDIT_EVERY {
                audited = self.acts;
                self.audit();
            }
        }
        self.audit();
    }
}

/// Sums that the audit bounds and that are equal here, since only certificates block, use and suspend.
fn ties(audit: &mut Audit) {
    let certificates = audit.all::<Certificate>();
    let lots = audit.all::<Lot>();
    let waiting = |status| matches!(status, CertificateStatus::PendingInternal | CertificateStatus::Offered);
    for ((core, _), quota) in audit.all::<Quota>() {
        let of = |status: &dyn Fn(CertificateStatus) -> bool, amount: fn(&Certificate) -> u64| -> u64 {
            let own = certificates.iter().filter(|(_, own)| own.obligor == core && status(own.status));
            own.map(|(_, own)| amount(own)).sum()
        };
        let blocked = of(&waiting, |own| own.face.minor);
        let used = of(&CertificateStatus::is_outstanding, |own| own.live.minor);
        let same = (quota.blocked.minor, quota.used.minor) == (blocked, used);
        audit.ensure("quota", same, || format!("{core}: {blocked} and {used}, quota {quota:?}"));
    }
    lines_tie(audit, &certificates, &lots);
    for ((guarantor, core, _), cover) in audit.all::<Cover>() {
        let backed = |own: &&(CertificateId, Certificate)| {
            own.1.obligor == core && own.1.backing == Backing::Guarantor(guarantor)
        };
        let blocked: u64 = certificates
            .iter()
            .filter(backed)
            .filter(|(_, own)| waiting(own.status))
            .map(|(_, own)| own.face.minor)
            .sum();
        let used = certificates.iter().filter(backed).filter(|(_, own)| own.status.is_outstanding());
        let used: u64 = used.map(|(_, own)| own.live.minor).sum();
        let same = (cover.blocked.minor, cover.used.minor) == (blocked, used);
        audit.ensure("cover", same, || format!("{core}: {blocked} and {used}, cover {cover:?}"));
    }
    let settlements = audit.all::<Settlement>();
    let waits = settlements.iter().map(|(_, own)| own.undistributed.minor + own.frozen.minor + own.excess.minor);
    let suspense = audit.all::<CashAccount>().into_iter().filter(|(_, account)| account.kind == AccountKind::Suspense);
    let (waits, kept): (u64, u64) = (waits.sum(), suspense.map(|(_, account)| account.available.minor).sum());
    audit.ensure("suspense", waits == kept, || format!("{waits} waits, {kept} is in suspense"));
    let reserved: u64 = audit.all::<Invoice>().iter().map(|(_, own)| own.balance.reserved.minor).sum();
    let mut claimed = 0;
    for (_, own) in certificates.iter().filter(|(_, own)| waiting(own.status)) {
        claimed += own.claims.iter().map(|claim| claim.amount.minor).sum::<u64>();
    }
    let offers = audit.all::<Transfer>().into_iter().filter(|(_, own)| own.status == TransferStatus::Offered);
    claimed += offers.flat_map(|(_, own)| own.claims.into_vec()).map(|claim| claim.amount.minor).sum::<u64>();
    audit.ensure("invoices", reserved == claimed, || format!("{claimed} claimed, {reserved} reserved"));
    let mut open: BTreeMap<EnterpriseId, u64> = BTreeMap::new();
    for (_, lot) in lots.iter().filter(|(_, lot)| lot.is_live()) {
        *open.entry(lot.holder).or_default() += 1;
    }
    for (_, own) in certificates.iter().filter(|(_, own)| own.status.is_outstanding()) {
        *open.entry(own.obligor).or_default() += 1;
        if let Some(backer) = own.backing.backer() {
            *open.entry(backer).or_default() += 1;
        }
    }
    let there = |own: &Validator| own.status != ValidatorStatus::Left;
    let validators = audit.all::<Validator>().into_iter().filter(|(_, own)| there(own)).map(|(_, own)| own.enterprise);
    let observers = audit.all::<Observer>().into_iter().map(|(_, own)| own.enterprise);
    let voters = audit.all::<Weight>().into_iter().map(|(id, _)| id);
    for id in validators.chain(observers).chain(voters) {
        *open.entry(id).or_default() += 1;
    }
    for (id, told) in audit.all::<Obligations>() {
        let counted = open.remove(&id).unwrap_or_default();
        audit.ensure("obligations", told.open == counted, || format!("{id}: {told:?}, counted {counted}"));
    }
    audit.ensure("obligations", open.is_empty(), || format!("not counted: {open:?}"));
}

/// Each line is used by what its bank financed, quoted, and backs for life, and by nothing else.
fn lines_tie(audit: &mut Audit, certificates: &[(CertificateId, Certificate)], lots: &[(LotId, Lot)]) {
    let financings: BTreeMap<FinancingId, Financing> = audit.all::<Financing>().into_iter().collect();
    let quotes = audit.all::<Quote>();
    let backing: BTreeMap<CertificateId, Backing> = certificates.iter().map(|(id, own)| (*id, own.backing)).collect();
    let waiting = |status| matches!(status, CertificateStatus::PendingInternal | CertificateStatus::Offered);
    for ((bank, obligor, _), line) in audit.all::<BankLine>() {
        let own_backing = Backing::Bank(bank);
        let financed =
            |lot: &Lot| (lot.holder, lot.obligor) == (bank, obligor) && matches!(lot.status, LotStatus::Financed(_));
        let held = |of: &dyn Fn(Backing) -> bool| -> u64 {
            let own = lots.iter().filter(|(_, lot)| financed(lot) && of(backing[&lot.certificate]));
            own.map(|(_, lot)| lot.unpaid().minor).sum()
        };
        let quoted = |of: &dyn Fn(Backing) -> bool| -> u64 {
            let stands = |own: &Financing, quote: &Quote| {
                let concluding = !own.status.is_closed() && own.status != FinancingStatus::Disbursed;
                own.obligor == obligor && (quote.status.stands() || concluding && own.bank == Some(bank))
            };
            let own = quotes.iter().filter(|((financing, by), quote)| {
                let own = &financings[financing];
                *by == bank && stands(own, quote) && of(backing[&own.certificate])
            });
            own.map(|(_, quote)| quote.amount.minor).sum()
        };
        let backed = |status: &dyn Fn(CertificateStatus) -> bool, amount: fn(&Certificate) -> u64| -> u64 {
            let own = certificates
                .iter()
                .filter(|(_, own)| own.obligor == obligor && own.backing == own_backing && status(own.status));
            own.map(|(_, own)| amount(own)).sum()
        };
        // Of sellers that answer for the obligor, where the bank has a line on them.
        let answered = |disbursed: bool| -> u64 {
            let own = financings.values().filter(|own| own.bank == Some(bank) && own.seller == obligor);
            own.filter(|own| own.disbursement.is_some() == disbursed)
                .filter_map(|own| own.seller_limit)
                .map(|limit| limit.minor)
                .sum()
        };
        let utilised = held(&|_| true) + answered(true);
        let blocked = quoted(&|of| of != own_backing) + answered(false) + backed(&waiting, |own| own.face.minor);
        let earmarked = quoted(&|of| of == own_backing);
        let reserved = backed(&CertificateStatus::is_outstanding, |own| own.live.minor) - held(&|of| of == own_backing);
        let told = [line.utilised, line.blocked, line.earmarked, line.reserved].map(|amount| amount.minor);
        let counted = [utilised, blocked, earmarked, reserved];
        audit.ensure("line", told == counted, || format!("{bank} on {obligor}: {counted:?}, {line:?}"));
    }
}

/// Acts that no run has done.
fn missing(counts: &BTreeMap<(u16, u16), Count>) -> Vec<String> {
    let calls = modules().iter().flat_map(|module| module.calls.iter().map(move |call| (*module, call)));
    let never =
        calls.filter(|(module, call)| counts.get(&(module.number, call.number)).is_none_or(|count| count.done == 0));
    never.map(|(module, call)| format!("{}.{}", module.name, call.name)).collect()
}

#[test]
fn one_hundred_thousand_random_acts_keep_every_law() {
    let run = |seed| {
        let mut world = World::new(seed);
        world.run(ACTS);
        world
    };
    let worlds: Vec<World> = std::thread::scope(|scope| {
        let threads = SEEDS.map(|seed| scope.spawn(move || run(seed)));
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let mut counts: BTreeMap<(u16, u16), Count> = BTreeMap::new();
    for (call, count) in worlds.iter().flat_map(|world| &world.counts) {
        let sum = counts.entry(*call).or_default();
        sum.asked += count.asked;
        sum.done += count.done;
    }
    let asked: u64 = counts.values().map(|count| count.asked).sum();
    let done: u64 = counts.values().map(|count| count.done).sum();
    assert!(asked >= 100_000, "{asked} acts were asked for");
    assert!(done > asked / 2 && done < asked, "{done} of {asked} acts were done, and some were refused");
    assert_eq!(missing(&counts), [""; 0], "acts that were never done");
}

/// Proposals come to every end, committees change and wait, features begin to hold.
#[test]
fn chains_that_change_themselves_at_random_keep_every_law() {
    let mut happened = BTreeSet::new();
    for seed in SEEDS {
        let mut world = World::new(seed);
        for step in 1..=VOTES {
            if world.random.percent(15) {
                world.wait()
            } else {
                world.move_governance()
            }
            world.scenario.run_due();
            world.run_blocks();
            world.listen();
            if step % (VOTES / 4) == 0 {
                world.audit();
            }
        }
        happened.extend(world.governed);
    }
    let events: BTreeSet<u16> = governance::MODULE.events.iter().map(|event| event.number).collect();
    assert_eq!(happened, events);
}
