//! Every bound of the system, in one place, each with its reason.
//!
//! Crossing a bound is a rejection or back-pressure, never an allocation.

/// Largest amount: 10^18 minor units (ten quadrillion yuan in fen). Sums of 16 such amounts still fit a `u64`, and
/// sums of any number of them are taken in `u128`.
pub const AMOUNT_MINOR_MAX: u64 = 1_000_000_000_000_000_000;
/// Largest rate: 10,000% a year in parts per million. Above that a rate is a typing error.
pub const RATE_PPM_MAX: u32 = 100_000_000;

/// Acts in one transaction: enough to import a whole trade file atomically, few enough to run in one block slot.
pub const ACTS_PER_TRANSACTION_MAX: usize = 64;
/// Signatures on one transaction: maker, checker and second approver for four parties.
pub const SIGNATURES_PER_TRANSACTION_MAX: usize = 12;
/// Encoded bytes of one act's payload: an invoice of 500 lines fits; a scanned file does not belong on the chain.
pub const PAYLOAD_BYTES_MAX: usize = 128 * 1024;
/// Encoded bytes of one transaction.
pub const TRANSACTION_BYTES_MAX: usize = 512 * 1024;
/// Encoded bytes of all transactions of one block: fits the peer message limit with room for the envelope.
pub const BLOCK_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Transactions of one block: bounds the time between proposals at a few hundred milliseconds on two cores.
pub const BLOCK_TRANSACTIONS_MAX: usize = 4_096;
/// Acts of one block: small acts of full transactions would otherwise take a block of many seconds.
pub const BLOCK_ACTS_MAX: usize = 16_384;
/// Due items (maturities, expiries) handled in one block; the rest follow in the next blocks at once.
pub const DUE_PER_BLOCK_MAX: usize = 256;
/// Reads of state by one transaction: enough for 64 invoices with 100 lines each, a small part of a second at most.
pub const READS_PER_TRANSACTION_MAX: usize = 20_000;
/// Longest a transaction may wait: `valid_until` no further ahead than this, so that replay memory stays small.
pub const VALIDITY_MS_MAX: u64 = 24 * 60 * 60 * 1000;
/// How far ahead of a validator's clock a block's time may be.
pub const BLOCK_TIME_SKEW_MS_MAX: u64 = 5_000;

/// Members of a committee. Votes on each block grow with the members, dealings of a resharing with their square. A hundred
/// organisations are more than any consortium that shares a chain has.
pub const COMMITTEE_MEMBERS_MAX: usize = 100;
/// Validators that were admitted and have not left: a whole committee, and another that takes over from it.
pub const VALIDATORS_MAX: usize = 2 * COMMITTEE_MEMBERS_MAX;
/// Peers that follow without a vote: each costs the others a connection.
pub const OBSERVERS_MAX: usize = 200;
/// Bytes of a peer's address: a host name of 253, a colon, a port of 5.
pub const PEER_ADDRESS_BYTES_MAX: usize = 259;
/// Addresses of one peer: a public and an internal one, in both internet protocols.
pub const PEER_ADDRESSES_MAX: usize = 4;
/// Organisations that vote: each vote stands in its proposal.
pub const VOTERS_MAX: usize = 128;
/// Organisations that found a chain together; others join by vote.
pub const FOUNDERS_MAX: usize = 64;
/// Machines that one founder brings to the first committee.
pub const FOUNDER_VALIDATORS_MAX: usize = 16;
/// Blocks of an epoch, at least. In the second half of an epoch each dealer of a resharing publishes its part in a block
/// that it leads itself, so the half must give everybody two turns: with 16 blocks, a committee of four.
pub const EPOCH_BLOCKS_MIN: u64 = 16;
/// Blocks of an epoch, at most: a node keeps the blocks of a whole epoch, and a vote waits for up to two and a half.
pub const EPOCH_BLOCKS_MAX: u64 = 100_000;
/// Blocks of an epoch when nobody says otherwise: room for a committee of a hundred, and a vote that takes effect within
/// the hour on a chain that makes a block a second.
pub const EPOCH_BLOCKS_DEFAULT: u64 = 1_000;
/// Changes in one proposal: what is voted must be read by people, and a whole organisation comes or goes in a few.
pub const CHANGES_PER_PROPOSAL_MAX: usize = 32;
/// Proposals that are open at the same time: people vote on each.
pub const PROPOSALS_OPEN_MAX: u32 = 64;
/// Features that a chain may ever activate.
pub const FEATURES_MAX: usize = 256;

/// Bytes of a chain's name.
pub const CHAIN_ID_BYTES_MAX: usize = 64;
/// Bytes of a public key: room for post-quantum suites (ML-DSA-44: 1,312).
pub const PUBLIC_KEY_BYTES_MAX: usize = 2_048;
/// Bytes of a signature: room for post-quantum suites (ML-DSA-44: 2,420).
pub const SIGNATURE_BYTES_MAX: usize = 4_096;

/// Names of companies and people.
pub const NAME_BYTES_MAX: usize = 256;
/// Numbers that parties give their papers (invoice, order, registration).
pub const REFERENCE_BYTES_MAX: usize = 128;
/// Free text that people read: reasons, descriptions.
pub const REMARK_BYTES_MAX: usize = 1_024;

/// Rows on one page of a list.
pub const PAGE_ROWS_MAX: u32 = 500;
/// Rows on a page when the caller names no number.
pub const PAGE_ROWS_DEFAULT: u32 = 50;

/// Transactions that wait in a node's pool.
pub const POOL_TRANSACTIONS_MAX: usize = 65_536;
/// Bytes that wait in a node's pool.
pub const POOL_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Waiting transactions of one account: a client that signs ahead, not one that floods.
pub const POOL_PER_ACCOUNT_MAX: usize = 4_096;
/// When a client whose transaction did not fit into the pool should try again: a few blocks later.
pub const POOL_RETRY_MS: u64 = 1_000;

/// How long a transaction that a server prepares is valid when its signers name no time: people read before they sign.
pub const VALIDITY_MS_DEFAULT: u64 = 60 * 60 * 1000;
/// Longest a request may wait for finality: shorter than what proxies in between allow.
pub const REQUEST_WAIT_MS_MAX: u64 = 30_000;
/// Bytes of one request: a transaction in hex with its JSON around it, or a trade file.
pub const REQUEST_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Bytes of a cursor or of another parameter of a request.
pub const PARAMETER_BYTES_MAX: usize = 1_024;
/// Transactions in one request: with their answers they fit a request, and one request delays no other for long.
pub const REQUEST_TRANSACTIONS_MAX: usize = 1_024;
/// Filters of one list: more are a mistake, and each is a condition in a query.
pub const FILTERS_MAX: usize = 16;
/// Events handed to a follower at a time.
pub const EVENTS_PER_PAGE_MAX: usize = 256;
