//! The node's memory with many cash accounts: banks, owners, and an account of each owner at each bank.

use super::{
    drive::Driver,
    loads::reference,
    network::{Company, Founding, Network},
    report::Filled,
};
use ledger::{
    core::{EntityRole, Function},
    money::OpenAccount,
};
use std::{path::PathBuf, time::Instant};
use types::{Act, Currency, Transaction, limits::ACTS_PER_TRANSACTION_MAX};

/// Banks at which every owner has an account.
const BANKS: usize = 100;
/// Transactions under way: of 64 acts each, so that a block stays small.
const UNDER_WAY_MAX: u64 = 32;
/// Transactions signed ahead.
const AHEAD: usize = 1_024;

/// Builds the state by transactions, and reads the node's memory; then of a new process on the same data.
pub async fn measure(folder: Option<&PathBuf>, count: u32) -> anyhow::Result<Filled> {
    let (mut node, mut network) = Network::start(folder, 1).await?;
    let driver = Driver::start(network.client()).await?;
    let start = Instant::now();
    let owners = usize::try_from(count)?.div_ceil(BANKS);
    let mut foundings: Vec<Founding> = Vec::with_capacity(BANKS + owners);
    let bank = || Founding { role: EntityRole::Bank, functions: &[Function::Maker, Function::Checker] };
    foundings.extend((0..BANKS).map(|_| bank()));
    foundings.extend((0..owners).map(|_| Founding { role: EntityRole::Supplier, functions: &[] }));
    let (transactions, mut companies) = network.found(&foundings);
    driver.flood_within(&transactions, UNDER_WAY_MAX, "enterprises, ten in each").await?;
    driver.require_applied(&transactions).await?;
    let owners = companies.split_off(BANKS);
    let all: Vec<(usize, usize)> =
        (0..BANKS).flat_map(|bank| (0..owners.len()).map(move |owner| (bank, owner))).collect();
    eprintln!("{} accounts in transactions of {ACTS_PER_TRANSACTION_MAX}", all.len());
    let bar = crate::client::import::bar(all.len(), "accounts");
    for part in all.chunks(AHEAD * ACTS_PER_TRANSACTION_MAX) {
        let transactions = openings(&mut network, &companies, &owners, part)?;
        driver.flood_within(&transactions, UNDER_WAY_MAX, "transactions of accounts").await?;
        driver.require_applied(&transactions).await?;
        bar.inc(u64::try_from(part.len())?);
    }
    bar.finish_and_clear();
    let (time, cpu, memory) = (start.elapsed(), node.cpu()?, node.memory()?);
    let (chain_bytes, index_bytes) = node.disk()?;
    drop(driver);
    let restart = node.restart()?;
    network.speak_to(node.client()?);
    let restarted = node.memory()?;
    let accounts = u32::try_from(all.len())?;
    // An account, and the mark that it is the one its owner is paid into.
    let records = u64::from(accounts) * 2;
    Ok(Filled { accounts, records, memory, restarted, restart, time, cpu, chain_bytes, index_bytes })
}

fn openings(
    network: &mut Network,
    banks: &[Company],
    owners: &[Company],
    places: &[(usize, usize)],
) -> anyhow::Result<Vec<Transaction>> {
    let mut transactions = Vec::new();
    for same_bank in places.chunk_by(|one, other| one.0 == other.0) {
        for part in same_bank.chunks(ACTS_PER_TRANSACTION_MAX) {
            let bank = &banks[part[0].0];
            let open = |(_, owner): &(usize, usize)| {
                let number = reference("6222", *owner);
                ledger::act(&OpenAccount { owner: owners[*owner].id, number, currency: Currency::CNY })
            };
            let acts: Vec<Act> = part.iter().map(open).collect::<Result<_, _>>().map_err(sdk::Error::from)?;
            transactions.push(network.sign(&[bank.people[0], bank.people[1]], acts));
        }
    }
    Ok(transactions)
}
