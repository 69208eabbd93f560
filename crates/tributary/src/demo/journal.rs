//! How far the story was told, and what was sent since.
//!
//! After each step the plot is written down whole. Within a step every signed transaction is written down before it is
//! sent. A story that broke off goes on at the step where it was and sends the same transactions again; a transaction
//! sent again is answered as the first time. So nothing happens twice, wherever it was cut.

use super::Plot;
use anyhow::Context as _;
use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    path::PathBuf,
};
use types::Transaction;

/// The plot as JSON on the first line, then the transactions sent since, one a line, in hex.
pub struct Journal {
    path: PathBuf,
    entries: Vec<Transaction>,
    /// How many of them were sent again since this journal was opened.
    told: usize,
}

impl Journal {
    /// Opens a journal and gives the plot so far; a last line that was cut off is left out.
    pub fn open(path: PathBuf) -> anyhow::Result<(Self, Plot)> {
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error).with_context(|| format!("read {}", path.display())),
        };
        let mut lines = text.lines();
        let plot = match lines.next() {
            Some(line) => {
                serde_json::from_str(line).with_context(|| format!("read {} as a journal", path.display()))?
            }
            None => Plot::default(),
        };
        let decode = |line: &str| Transaction::decode(&hex::decode(line).ok()?).ok();
        let entries = lines.map_while(decode).collect();
        let journal = Self { path, entries, told: 0 };
        journal.rewrite(&plot)?;
        Ok((journal, plot))
    }

    /// The transaction that was sent at this point of the story the last time.
    pub fn retell(&mut self) -> Option<Transaction> {
        let entry = self.entries.get(self.told).cloned();
        self.told += usize::from(entry.is_some());
        entry
    }

    /// Writes a transaction down before it is sent.
    pub fn append(&mut self, transaction: &Transaction) -> anyhow::Result<()> {
        let write = || {
            let mut file = OpenOptions::new().append(true).open(&self.path)?;
            writeln!(file, "{}", hex::encode(transaction.encode()))?;
            file.sync_all()
        };
        write().with_context(|| format!("write {}", self.path.display()))?;
        // What stood behind this point was of another course of the story.
        self.entries.truncate(self.told);
        self.entries.push(transaction.clone());
        self.told = self.entries.len();
        Ok(())
    }

    /// A step is told: its plot is kept, its transactions are final.
    pub fn checkpoint(&mut self, plot: &Plot) -> anyhow::Result<()> {
        self.entries.clear();
        self.told = 0;
        self.rewrite(plot)
    }

    /// Writes the file anew, so that it is the old one or the new one and never half of one.
    fn rewrite(&self, plot: &Plot) -> anyhow::Result<()> {
        let lines: String = self.entries.iter().map(|entry| hex::encode(entry.encode()) + "\n").collect();
        let text = format!("{}\n{lines}", serde_json::to_string(plot)?);
        let fresh = self.path.with_extension("new");
        let write = || {
            fs::write(&fresh, text)?;
            fs::rename(&fresh, &self.path)
        };
        write().with_context(|| format!("write {}", self.path.display()))
    }
}
