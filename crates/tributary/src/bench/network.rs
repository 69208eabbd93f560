//! A new chain with its people: keys, enterprises, accounts. All of it comes about by transactions.

use super::node::Node;
use crate::{demo::OPERATOR, server::birth};
use anyhow::Context as _;
use crypto::SigningKey;
use ledger::{
    Call,
    core::{EnterpriseId, EntityRole, Function},
    enterprise,
};
use sdk::{Client, Signer, client};
use std::{
    fs,
    net::{SocketAddr, TcpListener},
    path::PathBuf,
};
use types::{
    Act, ChainId, Clock, Digest, List, Text, Timestamp, Transaction,
    genesis::Operator,
    limits,
    transaction::{Body, PublicKey},
};

/// The place of a person among all.
#[derive(Clone, Copy, Debug)]
pub struct Person(usize);

struct Keys {
    signer: Signer,
    public_key: PublicKey,
    /// Of the next transaction.
    nonce: u64,
}

/// An enterprise that a transaction registers; its id follows from the transaction.
pub struct Founding {
    pub role: EntityRole,
    /// What people it has besides the administrator.
    pub functions: &'static [Function],
}

/// An enterprise with its people, in the order of the founding's functions.
#[derive(Clone, Debug)]
pub struct Company {
    pub id: EnterpriseId,
    pub people: Vec<Person>,
}

/// The chain's identity, and everybody's keys.
pub struct Network {
    client: Client,
    chain: ChainId,
    people: Vec<Keys>,
    companies: usize,
    maker: Person,
    checker: Person,
}

/// Places on this machine at which nobody listens: all of them are held until all are known.
fn free_addresses(count: usize) -> anyhow::Result<Vec<SocketAddr>> {
    let held: Vec<TcpListener> =
        (0..count).map(|_| TcpListener::bind("127.0.0.1:0")).collect::<Result<_, _>>().context("find free ports")?;
    held.iter().map(|listener| listener.local_addr().context("find free ports")).collect()
}

impl Network {
    /// Makes a chain, starts its nodes, and gives the operator a maker and a checker.
    pub async fn start(folder: Option<&PathBuf>, validators: u32) -> anyhow::Result<(Node, Self)> {
        let temporary = folder.is_none();
        let path = folder
            .cloned()
            .unwrap_or_else(|| std::env::temp_dir().join(format!("tributary-bench-{}", std::process::id())));
        fs::create_dir_all(&path).with_context(|| format!("make the folder {}", path.display()))?;
        let administrator = Keys::of(0);
        let operator = Operator {
            name: Text::new(OPERATOR.name).map_err(anyhow::Error::msg)?,
            legal_id: Text::new(OPERATOR.legal_id).map_err(anyhow::Error::msg)?,
            administrators: List::new(vec![administrator.public_key.clone()]).map_err(anyhow::Error::msg)?,
        };
        let (genesis, keys) = birth::make_several("bench", operator, Clock::Real, birth::wall_time(), validators)?;
        let chain = genesis.chain();
        let addresses = free_addresses(keys.len())?;
        let folders = birth::write(&path, (&genesis, None), &keys, &addresses).context("write the new chain")?;
        let folders: Vec<PathBuf> = folders.iter().map(|folder| folder.path().to_owned()).collect();
        let node = Node::start_all(&folders, path, temporary)?;
        let people = vec![administrator, Keys::of(1), Keys::of(2)];
        let (maker, checker) = (Person(1), Person(2));
        let mut network = Self { client: node.client()?, chain, people, companies: 0, maker, checker };
        let people = [(maker, Function::Maker), (checker, Function::Checker)];
        let acts = people.map(|(person, function)| {
            let add = enterprise::AddMember { member: network.member(person, function) };
            ledger::act(&add).expect("the bench's acts are small")
        });
        let transaction = network.sign(&[Person(0)], acts.to_vec());
        let hash = network.client.submit(&transaction).await?;
        client::applied(network.client.wait(hash).await?)?;
        Ok((node, network))
    }

    /// The operator's maker and checker.
    pub fn operators(&self) -> [Person; 2] {
        [self.maker, self.checker]
    }

    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// Speaks to another process of the same node from now on.
    pub fn speak_to(&mut self, client: Client) {
        self.client = client;
    }

    /// The transaction of these people, the sender first, with his next nonce.
    pub fn sign(&mut self, by: &[Person], acts: Vec<Act>) -> Transaction {
        let sender = &mut self.people[by[0].0];
        let nonce = sender.nonce;
        sender.nonce += 1;
        let signers: Vec<&Keys> = by.iter().map(|person| &self.people[person.0]).collect();
        let keys = signers.iter().map(|keys| keys.public_key.clone()).collect();
        let body = Body {
            chain: self.chain,
            nonce,
            valid_until: Timestamp(birth::wall_time().0 + limits::VALIDITY_MS_MAX / 2),
            signers: List::new(keys).expect("few people sign together"),
            acts: List::new(acts).expect("the bench keeps to the limit of acts"),
        };
        client::sign(body, &signers.iter().map(|keys| &keys.signer).collect::<Vec<_>>())
    }

    /// One act of these people.
    pub fn act<C: Call>(&mut self, by: &[Person], call: &C) -> Transaction {
        let act = ledger::act(call).expect("the bench's acts are small");
        self.sign(by, vec![act])
    }

    /// Registers enterprises, as many together as may sign together.
    pub fn found(&mut self, foundings: &[Founding]) -> (Vec<Transaction>, Vec<Company>) {
        let together = limits::SIGNATURES_PER_TRANSACTION_MAX - 2;
        let (mut transactions, mut companies) = (Vec::new(), Vec::new());
        for part in foundings.chunks(together) {
            let mut by = vec![self.maker, self.checker];
            let (mut acts, mut people) = (Vec::new(), Vec::new());
            for founding in part {
                let administrator = self.person();
                by.push(administrator);
                let own: Vec<Person> = founding.functions.iter().map(|_| self.person()).collect();
                acts.push(self.register(founding, administrator, &own));
                people.push(own);
            }
            let transaction = self.sign(&by, acts);
            let hash = transaction.body.hash();
            for (act, people) in (0..).zip(people) {
                companies.push(Company { id: EnterpriseId::derive(hash, act, 0), people });
            }
            transactions.push(transaction);
        }
        (transactions, companies)
    }

    /// Somebody new.
    fn person(&mut self) -> Person {
        self.people.push(Keys::of(self.people.len()));
        Person(self.people.len() - 1)
    }

    fn register(&mut self, founding: &Founding, administrator: Person, people: &[Person]) -> Act {
        let mut members = vec![self.member(administrator, Function::Admin)];
        members.extend(people.iter().zip(founding.functions).map(|(person, function)| self.member(*person, *function)));
        self.companies += 1;
        let number = self.companies;
        let register = enterprise::Register {
            name: Text::new(format!("Company {number}")).expect("short and plain"),
            legal_id: Text::new(format!("BENCH-{number:08}")).expect("short and plain"),
            roles: List::new(vec![founding.role]).expect("one role"),
            reviewed: Some(Digest::of(&[b"know-your-customer file"])),
            members: List::new(members).expect("few people"),
        };
        ledger::act(&register).expect("a registration is small")
    }

    fn member(&self, person: Person, function: Function) -> enterprise::NewMember {
        enterprise::NewMember {
            name: Text::new(format!("Person {}", person.0)).expect("short and plain"),
            functions: List::new(vec![function]).expect("one function"),
            public_key: self.people[person.0].public_key.clone(),
            starts: None,
            ends: None,
            limit_minor: None,
        }
    }
}

impl Keys {
    /// Keys that protect nothing: drawn from a number.
    fn of(number: usize) -> Self {
        let seed = Digest::of(&[b"bench key", number.to_string().as_bytes()]).0;
        let signer = Signer::of_key(SigningKey::from_seed(&seed));
        Self { public_key: signer.public_key(), signer, nonce: 0 }
    }
}
