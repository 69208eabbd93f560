//! Keys and tables, and the records that a chain starts with.

use super::types::{
    Committee, Feature, Governance, Lead, Observer, Parameters, Proposal, ProposalId, Roster, Schedule, Seat,
    Validator, ValidatorStatus, Weight, reject,
};
use crate::{
    core::{Cell, Column, EnterpriseId, Record},
    enterprise,
    policy::Setter,
};
use types::{
    Genesis, Key, List, Miss, PeerKey, Rejection, State, Stop, Text, Timestamp, genesis::FoundingValidator, limits,
    peer::PeerAddresses,
};

impl Record for Governance {
    type Id = ();
    const MODULE: u8 = 9;
    const TABLE: u8 = 0;
    const NAME: &'static str = "governance";
}

impl Record for Validator {
    type Id = PeerKey;
    const MODULE: u8 = 9;
    const TABLE: u8 = 1;
    const NAME: &'static str = "validators";
    const COLUMNS: &'static [Column] = &[Column::text("enterprise"), Column::text("name"), Column::text("status")];
    fn cells(&self) -> Vec<Cell> {
        vec![Cell::text(self.enterprise), Cell::text(&self.name), Cell::variant(&self.status)]
    }
}

impl Record for Observer {
    type Id = PeerKey;
    const MODULE: u8 = 9;
    const TABLE: u8 = 2;
    const NAME: &'static str = "observers";
    const COLUMNS: &'static [Column] = &[Column::text("enterprise"), Column::text("name")];
    fn cells(&self) -> Vec<Cell> {
        vec![Cell::text(self.enterprise), Cell::text(&self.name)]
    }
}

impl Record for Committee {
    type Id = u64;
    const MODULE: u8 = 9;
    const TABLE: u8 = 3;
    const NAME: &'static str = "committees";
    const COLUMNS: &'static [Column] = &[Column::integer("epoch")];
    fn cells(&self) -> Vec<Cell> {
        vec![Cell::integer(self.epoch)]
    }
}

impl Record for Proposal {
    type Id = ProposalId;
    const MODULE: u8 = 9;
    const TABLE: u8 = 4;
    const NAME: &'static str = "proposals";
    const COLUMNS: &'static [Column] =
        &[Column::text("proposer"), Column::text("status"), Column::text("opened_at"), Column::text("expires_at")];
    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::text(self.proposer),
            Cell::variant(&self.status),
            Cell::time(self.opened_at),
            Cell::time(self.expires_at),
        ]
    }
}

impl Record for Feature {
    type Id = u32;
    const MODULE: u8 = 9;
    const TABLE: u8 = 5;
    const NAME: &'static str = "features";
    const COLUMNS: &'static [Column] =
        &[Column::text("name"), Column::integer("begins_height"), Column::text("status")];
    fn cells(&self) -> Vec<Cell> {
        vec![Cell::text(&self.name), Cell::integer(self.height), Cell::variant(&self.status)]
    }
}

impl Record for Weight {
    type Id = EnterpriseId;
    const MODULE: u8 = 9;
    const TABLE: u8 = 6;
    const NAME: &'static str = "weights";
    const COLUMNS: &'static [Column] = &[Column::integer("weight")];
    fn cells(&self) -> Vec<Cell> {
        vec![Cell::integer(u64::from(self.weight))]
    }
}

impl Record for Roster {
    type Id = ();
    const MODULE: u8 = 9;
    const TABLE: u8 = 7;
    const NAME: &'static str = "roster";
}

impl Record for Lead {
    type Id = PeerKey;
    const MODULE: u8 = 9;
    const TABLE: u8 = 8;
    const NAME: &'static str = "leads";
    const COLUMNS: &'static [Column] = &[Column::integer("led_height")];
    fn cells(&self) -> Vec<Cell> {
        vec![Cell::integer(self.height)]
    }
}

impl Record for Schedule {
    type Id = ();
    const MODULE: u8 = 9;
    const TABLE: u8 = 9;
    const NAME: &'static str = "feature_schedule";
}

/// Where the committee of an epoch stands in state.
pub fn committee_key(epoch: u64) -> Key {
    Committee::key(&epoch)
}

/// Where a validator stands in state, also one that left.
pub fn validator_key(peer_key: PeerKey) -> Key {
    Validator::key(&peer_key)
}

/// Where an observer stands in state.
pub fn observer_key(peer_key: PeerKey) -> Key {
    Observer::key(&peer_key)
}

/// Where the list of the present peers stands in state.
pub fn roster_key() -> Key {
    Roster::key(&())
}

/// Where the heights of the features stand in state.
pub fn schedule_key() -> Key {
    Schedule::key(&())
}

pub(super) fn governance(state: &mut dyn State) -> Result<Governance, Miss> {
    Ok(Governance::load(state, &())?.expect("genesis wrote it"))
}

pub(super) fn roster(state: &mut dyn State) -> Result<Roster, Miss> {
    Ok(Roster::load(state, &())?.expect("genesis wrote it"))
}

pub(super) fn validator(state: &mut dyn State, peer_key: PeerKey) -> Result<Validator, Miss> {
    Ok(Validator::load(state, &peer_key)?.expect("the roster and the committees list validators only"))
}

pub(super) fn committee(state: &mut dyn State, epoch: u64) -> Result<Committee, Miss> {
    Ok(Committee::load(state, &epoch)?.expect("every epoch up to the fixed one has its committee"))
}

/// Puts a key into a list in its order; gives it back when the list is full.
pub(super) fn enroll<const MAX: usize>(list: &mut List<PeerKey, MAX>, peer_key: PeerKey) -> Result<(), PeerKey> {
    list.push(peer_key)?;
    let mut keys = std::mem::take(list).into_vec();
    keys.sort_unstable();
    *list = List::new(keys).expect("as many as two lines above");
    Ok(())
}

impl Default for Parameters {
    /// What a new chain starts with.
    fn default() -> Self {
        Self {
            threshold_ppm: 666_667,
            proposal_hours: 14 * 24,
            weight_default: 1,
            liveness_window_blocks: 1_000,
            policy_setter: Setter::Operator,
        }
    }
}

/// The most members that a committee has on a chain with such epochs: everybody gets two turns in half an epoch.
pub(super) fn members_max(epoch_blocks: u64) -> u32 {
    let most = u64::try_from(limits::COMMITTEE_MEMBERS_MAX).expect("a small number");
    u32::try_from((epoch_blocks / 4).min(most)).expect("at most COMMITTEE_MEMBERS_MAX")
}

/// Epochs whose committee is that of the genesis.
pub(super) const EPOCHS_FOUNDED: u64 = 2;

/// The founders' weights, their machines, and the committees of the epochs 0 and 1.
pub(super) fn genesis(genesis: &Genesis, state: &mut dyn State) -> Result<(), Rejection> {
    in_memory(found(genesis, state))
}

/// Refuses epochs that do not fit the committee.
pub(super) fn check_epochs(genesis: &Genesis) -> Result<(), Rejection> {
    let epochs = limits::EPOCH_BLOCKS_MIN..=limits::EPOCH_BLOCKS_MAX;
    if !epochs.contains(&genesis.epoch_blocks) {
        return Err(reject::founding(format!("an epoch has from {} to {} blocks", epochs.start(), epochs.end())));
    }
    let most = members_max(genesis.epoch_blocks);
    if genesis.validators.len() > usize::try_from(most).expect("a small number") {
        return Err(reject::founding(format!("with epochs of this length a committee has at most {most} members")));
    }
    Ok(())
}

fn found(genesis: &Genesis, state: &mut dyn State) -> Result<(), Stop> {
    check_epochs(genesis)?;
    let parameters = Parameters { policy_setter: crate::policy::setter(state)?, ..Parameters::default() };
    let (voters, machines) = (voters(genesis, state)?, machines(genesis, state)?);
    establish(state, (parameters, genesis.epoch_blocks, genesis.time), &voters, machines)
}

/// Writes the first records: weights, machines, and the committees of the epochs 0 and 1.
pub(super) fn establish(
    state: &mut dyn State,
    (parameters, epoch_blocks, admitted_at): (Parameters, u64, Timestamp),
    voters: &[(EnterpriseId, u32)],
    machines: Vec<(EnterpriseId, FoundingValidator)>,
) -> Result<(), Stop> {
    let mut governance = Governance {
        parameters,
        epoch_blocks,
        weight_total: 0,
        voters: 0,
        proposals_open: 0,
        epoch_fixed: EPOCHS_FOUNDED - 1,
        override_pending: false,
    };
    for (enterprise, weight) in voters {
        governance.weight_total += u64::from(*weight);
        governance.voters += 1;
        Weight { weight: *weight }.store(state, enterprise);
        enterprise::obligations_changed(state, *enterprise, 1)?;
    }
    governance.store(state, &());
    Roster::default().store(state, &());
    Schedule::default().store(state, &());
    seat(state, machines, admitted_at)
}

/// Writes the first machines and the committees that they make up.
pub(super) fn seat(
    state: &mut dyn State,
    machines: Vec<(EnterpriseId, FoundingValidator)>,
    admitted_at: Timestamp,
) -> Result<(), Stop> {
    let mut roster = roster(state)?;
    let mut seats = Vec::new();
    for (enterprise, FoundingValidator { peer_key, name, addresses }) in machines {
        if roster.validators.binary_search(&peer_key).is_ok() {
            return Err(reject::founding(format!("peer key {peer_key} is there twice")).into());
        }
        enroll(&mut roster.validators, peer_key).expect("a committee fits");
        seats.push(Seat { peer_key, addresses: addresses.clone() });
        let validator = Validator {
            enterprise,
            name,
            addresses,
            status: ValidatorStatus::Member,
            admitted_at,
            replaces: None,
            joined_epoch: Some(0),
            left_epoch: None,
        };
        validator.store(state, &peer_key);
        enterprise::obligations_changed(state, enterprise, 1)?;
        // Who founds the chain counts as live until the first window has passed.
        Lead { height: 0 }.store(state, &peer_key);
    }
    roster.store(state, &());
    seats.sort_by_key(|seat| seat.peer_key);
    for epoch in 0..EPOCHS_FOUNDED {
        let members = List::new(seats.clone()).expect("as many as the roster has");
        Committee { epoch, members, fixed_height: 0 }.store(state, &epoch);
    }
    Ok(())
}

/// Who votes, with which weight: the founders, or without any the operator.
pub(super) fn voters(genesis: &Genesis, state: &mut dyn State) -> Result<Vec<(EnterpriseId, u32)>, Stop> {
    let of = |state: &mut dyn State, legal_id| -> Result<EnterpriseId, Miss> {
        Ok(enterprise::by_legal_id(state, legal_id)?.expect("the genesis of enterprises registered it"))
    };
    if genesis.founders.is_empty() {
        return Ok(vec![(of(state, &genesis.operator.legal_id)?, Parameters::default().weight_default)]);
    }
    let mut voters: Vec<(EnterpriseId, u32)> = Vec::new();
    for founder in &genesis.founders {
        let enterprise = of(state, &founder.legal_id)?;
        if founder.weight == 0 {
            return Err(reject::founding(format!("founder {} has no weight", founder.name)).into());
        }
        if voters.iter().any(|(other, _)| *other == enterprise) {
            return Err(reject::founding(format!("founder {} is there twice", founder.name)).into());
        }
        voters.push((enterprise, founder.weight));
    }
    Ok(voters)
}

/// The machines of the first committee, with the enterprises that run them.
pub(super) fn machines(
    genesis: &Genesis,
    state: &mut dyn State,
) -> Result<Vec<(EnterpriseId, FoundingValidator)>, Stop> {
    let mut keys = Vec::new();
    for bytes in &genesis.validators {
        let key = PeerKey::from_bytes(bytes);
        keys.push(key.ok_or_else(|| reject::founding(format!("a peer key has 32 bytes, not {}", bytes.len())))?);
    }
    let mut machines = Vec::new();
    if genesis.founders.is_empty() {
        let (operator, _) = voters(genesis, state)?[0];
        for (number, peer_key) in (1..).zip(keys) {
            let name = Text::new(format!("Validator {number}")).expect("short and clean");
            machines.push((operator, FoundingValidator { peer_key, name, addresses: PeerAddresses::default() }));
        }
        return Ok(machines);
    }
    for (founder, (enterprise, _)) in genesis.founders.iter().zip(voters(genesis, state)?) {
        for machine in &founder.validators {
            if !keys.contains(&machine.peer_key) {
                let law = format!("{} of {} is not among the validators", machine.name, founder.name);
                return Err(reject::founding(law).into());
            }
            machines.push((enterprise, machine.clone()));
        }
    }
    match keys.iter().find(|key| machines.iter().all(|(_, machine)| machine.peer_key != **key)) {
        Some(nobodys) => Err(reject::founding(format!("validator {nobodys} is no founder's")).into()),
        None => Ok(machines),
    }
}

pub(super) fn in_memory<T>(result: Result<T, Stop>) -> Result<T, Rejection> {
    result.map_err(|stop| match stop {
        Stop::Rejected(rejection) => rejection,
        Stop::Miss(_) => panic!("a new chain's state is in memory"),
    })
}
