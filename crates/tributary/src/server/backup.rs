//! `tributary backup` and `restore`: a stopped node's folder as one file, and back.
//!
//! ```text
//!   a tar archive:  manifest.json   format, chain, height, and of every file its path, size and SHA-256
//!                   data/...        the files, in the manifest's order
//! ```
//! Left out is the read model, which is made again. A backup is old the moment it is made: its validator has forgotten what
//! it signed since. So a restored folder says when it was restored, and its validator follows without signing until an
//! epoch begins that it cannot have signed in before. One that signs alone goes on from the votes in the backup: without
//! them it would vote anew on heights that are final.
//!
//! **Invariant**: nothing is written before every byte of the archive has been checked.

use super::{birth::wall_time, data, to};
use crate::output::{self, Form};
use anyhow::Context as _;
use clap::{Arg, ArgMatches, Command};
use node::{FORMAT, Folder};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::{
    fs::{self, File},
    io::{self, BufReader, Read, Write},
    path::{Component, Path, PathBuf},
};
use types::{ChainId, Timestamp};

/// The format of the archive. One that an older version cannot read gets the next number.
const BACKUP: u32 = 1;
const MANIFEST: &str = "manifest.json";
/// Bytes of the largest manifest: some hundred thousand files.
const MANIFEST_BYTES_MAX: u64 = 64 << 20;
/// What a folder consists of, beside the engine's stores. The last ones say that there is a chain: they are written last.
const FILES: &[&str] =
    &["genesis.json", "state.bin", "validator.key", "peers.json", "restored.json", "format.json", "genesis.bcs"];
/// Where the engine's stores are.
const STORES: &str = "chain";

#[derive(Serialize, Deserialize)]
struct Manifest {
    backup: u32,
    format: u32,
    chain: ChainId,
    height: u64,
    made_at: Timestamp,
    program: String,
    files: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    path: String,
    bytes: u64,
    sha256: String,
}

pub fn commands() -> Vec<Command> {
    vec![
        Command::new("backup")
            .about("Write a stopped node's folder into one file, which holds the validator's secrets")
            .arg(data())
            .arg(to("The archive to write; it must not be there")),
        Command::new("restore")
            .about("Check an archive to the last byte and write it into an empty folder")
            .arg(data())
            .arg(Arg::new("archive").value_name("FILE").required(true).help("What `tributary backup` wrote")),
    ]
}

pub fn backup(arguments: &ArgMatches) -> anyhow::Result<()> {
    let folder = Folder::new(arguments.get_one::<String>("data").expect("it has a default"));
    let to = Path::new(arguments.get_one::<String>("to").expect("clap demands it"));
    let _lock = folder.lock()?;
    let genesis = folder.genesis()?;
    let height = engine::height(folder.chain()).with_context(|| format!("read {}", folder.chain().display()))?;
    let files =
        list(folder.path())?.into_iter().map(|path| measured(folder.path(), &path)).collect::<Result<_, _>>()?;
    let manifest = Manifest {
        backup: BACKUP,
        format: FORMAT,
        chain: genesis.chain(),
        height,
        made_at: wall_time(),
        program: env!("CARGO_PKG_VERSION").to_owned(),
        files,
    };
    // A half-written archive never has the name of a whole one.
    let partial = to.with_added_extension("partial");
    anyhow::ensure!(!to.exists(), "{} is there already", to.display());
    let written = write(&partial, folder.path(), &manifest)
        .and_then(|()| fs::rename(&partial, to))
        .and_then(|()| sync_folder(to.parent().unwrap_or(Path::new(""))));
    if let Err(error) = written {
        // Nothing of it is of use.
        let _ = fs::remove_file(&partial);
        return Err(error).with_context(|| format!("write {}", to.display()));
    }
    let bytes: u64 = manifest.files.iter().map(|file| file.bytes).sum();
    let shown = json!({ "chain": manifest.chain, "height": height, "files": manifest.files.len(), "bytes": bytes, "archive": to });
    output::value(Form::of(arguments), &shown);
    Ok(())
}

pub fn restore(arguments: &ArgMatches) -> anyhow::Result<()> {
    let folder = Folder::new(arguments.get_one::<String>("data").expect("it has a default"));
    let archive = Path::new(arguments.get_one::<String>("archive").expect("clap demands it"));
    let manifest = check(archive).with_context(|| format!("check {}: nothing was written", archive.display()))?;
    folder.make_empty()?;
    let lock = folder.lock()?;
    let at = wall_time();
    extract(archive, folder.path(), &manifest, || Ok(folder.write_restored(at)?))
        .with_context(|| format!("write {}: remove what is there and restore again", folder.path().display()))?;
    drop(lock);
    let form = Form::of(arguments);
    let shown = json!({ "chain": manifest.chain, "height": manifest.height, "made_at": manifest.made_at, "folder": folder.path() });
    output::value(form, &shown);
    if form == Form::People {
        println!(
            "Where the chain has several validators, this one follows without signing until an epoch begins after now.\n\
             Make sure that no other machine runs with the same validator.key."
        );
    }
    Ok(())
}

/// The files of a folder that a backup holds, in the order in which they are restored.
fn list(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut paths = Vec::new();
    let stores = folder.join(STORES);
    for store in sorted(&stores)? {
        walk(&stores.join(&store), &format!("{STORES}/{store}"), &mut paths)?;
    }
    paths.extend(FILES.iter().filter(|name| folder.join(name).exists()).map(|name| (*name).to_owned()));
    Ok(paths)
}

fn walk(at: &Path, name: &str, paths: &mut Vec<String>) -> anyhow::Result<()> {
    if !at.is_dir() {
        paths.push(name.to_owned());
        return Ok(());
    }
    for inner in sorted(at)? {
        walk(&at.join(&inner), &format!("{name}/{inner}"), paths)?;
    }
    Ok(())
}

fn sorted(folder: &Path) -> anyhow::Result<Vec<String>> {
    let read = || -> io::Result<Vec<String>> {
        let names = fs::read_dir(folder)?.map(|entry| {
            let name = entry?.file_name();
            name.into_string().map_err(|name| io::Error::other(format!("{} is no name of ours", name.display())))
        });
        names.collect()
    };
    let mut names = read().with_context(|| format!("read {}", folder.display()))?;
    names.sort();
    Ok(names)
}

/// Passes bytes on and counts and hashes them.
struct Measure<T> {
    inner: T,
    hash: Sha256,
    bytes: u64,
}

impl<T> Measure<T> {
    fn new(inner: T) -> Self {
        Self { inner, hash: Sha256::new(), bytes: 0 }
    }

    fn entry(self, path: &str) -> Entry {
        Entry { path: path.to_owned(), bytes: self.bytes, sha256: hex::encode(self.hash.finalize()) }
    }
}

impl<T: Read> Read for Measure<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.hash.update(&buffer[..read]);
        self.bytes += u64::try_from(read).expect("a buffer fits memory");
        Ok(read)
    }
}

fn measured(folder: &Path, path: &str) -> anyhow::Result<Entry> {
    let at = folder.join(path);
    let measure = || -> io::Result<Entry> {
        let mut file = Measure::new(File::open(&at)?);
        io::copy(&mut file, &mut io::sink())?;
        Ok(file.entry(path))
    };
    measure().with_context(|| format!("read {}", at.display()))
}

fn header(bytes: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes);
    header.set_mode(0o600);
    header
}

fn write(to: &Path, folder: &Path, manifest: &Manifest) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    // Key shares are in it.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut archive = tar::Builder::new(io::BufWriter::new(options.open(to)?));
    let json = serde_json::to_vec_pretty(manifest).expect("a manifest has string keys only");
    archive.append_data(&mut header(u64::try_from(json.len()).expect("it fits memory")), MANIFEST, &json[..])?;
    for entry in &manifest.files {
        let mut file = Measure::new(File::open(folder.join(&entry.path))?.take(entry.bytes));
        archive.append_data(&mut header(entry.bytes), format!("data/{}", entry.path), &mut file)?;
        if file.entry(&entry.path).sha256 != entry.sha256 {
            return Err(io::Error::other(format!("{} changed while it was read", entry.path)));
        }
    }
    let mut file = archive.into_inner()?;
    file.flush()?;
    file.get_ref().sync_all()
}

/// Whether a path of an archive stays below the folder it is written into.
fn stays_inside(path: &str) -> bool {
    !path.is_empty() && Path::new(path).components().all(|part| matches!(part, Component::Normal(_)))
}

/// Goes through an archive: the manifest, then each file, which must be what the manifest says, to the last byte.
fn read(archive: &Path, mut file: impl FnMut(&Entry, &mut dyn Read) -> anyhow::Result<()>) -> anyhow::Result<Manifest> {
    let mut archive = tar::Archive::new(BufReader::new(File::open(archive)?));
    let mut entries = archive.entries()?;
    let first = entries.next().context("the archive is empty")??;
    anyhow::ensure!(first.path_bytes() == MANIFEST.as_bytes(), "this is no backup: its first file is not {MANIFEST}");
    let manifest = numbered(first)?;
    for entry in &manifest.files {
        let name = format!("data/{}", entry.path);
        anyhow::ensure!(stays_inside(&entry.path), "the path `{}` leads out of the folder", entry.path);
        let found = entries.next().with_context(|| format!("the archive is cut off before {}", entry.path))?;
        let found = found.with_context(|| format!("read the header of {}", entry.path))?;
        anyhow::ensure!(
            found.path_bytes() == name.as_bytes() && found.header().entry_type().is_file(),
            "the archive holds `{}` where the manifest has {}",
            String::from_utf8_lossy(&found.path_bytes()),
            entry.path
        );
        let mut measure = Measure::new(found);
        file(entry, &mut measure)?;
        let seen = measure.entry(&entry.path);
        anyhow::ensure!(
            (seen.bytes, &seen.sha256) == (entry.bytes, &entry.sha256),
            "{} is damaged: its bytes are not those that the manifest names",
            entry.path
        );
    }
    anyhow::ensure!(entries.next().is_none(), "the archive holds more than its manifest says");
    Ok(manifest)
}

/// The manifest, if it is of a version that this program knows.
fn numbered(file: impl Read) -> anyhow::Result<Manifest> {
    let mut json = Vec::new();
    file.take(MANIFEST_BYTES_MAX).read_to_end(&mut json)?;
    let numbers: serde_json::Value = serde_json::from_slice(&json).context("the manifest is damaged")?;
    for (name, known) in [("backup", BACKUP), ("format", FORMAT)] {
        let found = numbers[name].as_u64().with_context(|| format!("the manifest names no {name} format"))?;
        anyhow::ensure!(
            found <= u64::from(known),
            "the {name} format is {found}, this version knows up to {known}: use the version that wrote it, or a newer one"
        );
    }
    serde_json::from_slice(&json).context("the manifest is damaged")
}

fn check(archive: &Path) -> anyhow::Result<Manifest> {
    read(archive, |_, bytes| Ok(io::copy(bytes, &mut io::sink()).map(drop)?))
}

/// Writes an archive that was checked; `mark` runs before the files that say that there is a chain.
fn extract(
    archive: &Path,
    folder: &Path,
    checked: &Manifest,
    mark: impl Fn() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut folders = std::collections::BTreeSet::from([folder.to_owned()]);
    let manifest = read(archive, |entry, bytes| {
        let path: PathBuf = folder.join(&entry.path);
        // The time of this restore counts, not that of an earlier one.
        if entry.path == "restored.json" {
            return Ok(io::copy(bytes, &mut io::sink()).map(drop)?);
        }
        if entry.path == "format.json" {
            folders.iter().try_for_each(|folder| sync_folder(folder))?;
            mark()?;
        }
        let parent = path.parent().expect("it is below the folder");
        fs::create_dir_all(parent)?;
        folders.extend(parent.ancestors().take_while(|at| at.starts_with(folder)).map(Path::to_owned));
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&path).with_context(|| format!("write {}", path.display()))?;
        io::copy(bytes, &mut file).with_context(|| format!("write {}", path.display()))?;
        Ok(file.sync_all()?)
    })?;
    anyhow::ensure!(manifest.chain == checked.chain, "the archive changed while it was read");
    sync_folder(folder)?;
    Ok(())
}

/// Returns when the names in a folder are on disk.
fn sync_folder(folder: &Path) -> io::Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder)?.sync_all()
}
