//! Signed transactions, written down before they are sent.
//!
//! A story that is told again over its journal sends the same transactions, and a transaction sent again is answered as
//! the first time: so the story goes on wherever it was cut off, and nothing happens twice.

use anyhow::Context as _;
use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    path::PathBuf,
};
use types::Transaction;

/// Signed transactions in the order of the story, one a line, in hex.
pub struct Journal {
    path: PathBuf,
    entries: Vec<Transaction>,
    /// How many were told since this journal was opened.
    told: usize,
}

impl Journal {
    /// Opens a journal; a last line that was cut off is left out.
    pub fn open(path: PathBuf) -> anyhow::Result<Self> {
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error).with_context(|| format!("read {}", path.display())),
        };
        let decode = |line: &str| Transaction::decode(&hex::decode(line).ok()?).ok();
        let entries: Vec<Transaction> = text.lines().map_while(decode).collect();
        let journal = Self { path, entries, told: 0 };
        journal.rewrite()?;
        Ok(journal)
    }

    /// Whether the story was told to the end of what is written here.
    pub fn is_behind(&self) -> bool {
        self.told < self.entries.len()
    }

    /// The transaction that was sent at this point of the story the last time.
    pub fn next(&mut self) -> Option<Transaction> {
        let entry = self.entries.get(self.told).cloned();
        self.told += usize::from(entry.is_some());
        entry
    }

    /// Writes a transaction down before it is sent.
    pub fn append(&mut self, transaction: &Transaction) -> anyhow::Result<()> {
        let write = || {
            let mut file = OpenOptions::new().create(true).append(true).open(&self.path)?;
            writeln!(file, "{}", hex::encode(transaction.encode()))?;
            file.sync_all()
        };
        write().with_context(|| format!("write {}", self.path.display()))?;
        self.entries.push(transaction.clone());
        self.told = self.entries.len();
        Ok(())
    }

    /// Forgets the transaction told last, which will never be final, and all behind it.
    pub fn take_back(&mut self) -> anyhow::Result<()> {
        self.told = self.told.saturating_sub(1);
        self.entries.truncate(self.told);
        self.rewrite()
    }

    fn rewrite(&self) -> anyhow::Result<()> {
        let lines: String = self.entries.iter().map(|entry| hex::encode(entry.encode()) + "\n").collect();
        fs::write(&self.path, lines).with_context(|| format!("write {}", self.path.display()))
    }
}
