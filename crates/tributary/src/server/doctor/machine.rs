//! The machine: disk, limits, memory, ports.

use super::Finding;
use node::Folder;
use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    net::{SocketAddr, TcpListener},
    time::{Duration, Instant},
};

const MIB: u64 = 1 << 20;
/// Below this a node stops soon.
const FREE_WRONG: u64 = 100 * MIB;
const FREE_DOUBTFUL: u64 = 1_024 * MIB;
/// Each block waits for several of these: slower disks make slower blocks.
const SYNC_DOUBTFUL: Duration = Duration::from_millis(25);
const SYNC_WRONG: Duration = Duration::from_millis(500);
/// How often the disk is tried; the middle one counts.
const SYNCS: usize = 9;
/// A page, as stores write them.
const SYNC_BYTES: [u8; 4_096] = [7; 4_096];
/// Connections, files of stores, and room.
const FILES_DOUBTFUL: u64 = 8_192;
const FILES_WRONG: u64 = 1_024;
/// What a node takes with an empty chain, and room for its caches.
const MEMORY_DOUBTFUL: u64 = 1_024 * MIB;

pub fn examine(folder: &Folder) -> Vec<Finding> {
    let mut findings = vec![space(folder), sync(folder), files()];
    findings.extend(file_size());
    findings.extend(memory());
    findings
}

fn space(folder: &Folder) -> Finding {
    match folder.free_bytes() {
        Ok(free) if free < FREE_WRONG => Finding::wrong(
            "disk space",
            format!("{} MiB are free: make space, the node stops when there is none", free / MIB),
        ),
        Ok(free) if free < FREE_DOUBTFUL => {
            Finding::doubtful("disk space", format!("{} MiB are free: make space", free / MIB))
        }
        Ok(free) => Finding::good("disk space", format!("{} MiB are free", free / MIB)),
        Err(error) => Finding::wrong("disk space", format!("it cannot be measured: {error}")),
    }
}

fn sync(folder: &Folder) -> Finding {
    match sync_time(folder) {
        Ok(time) if time > SYNC_WRONG => Finding::wrong(
            "disk sync",
            format!("a write takes {time:.1?} to be on disk: blocks cannot be made in time"),
        ),
        Ok(time) if time > SYNC_DOUBTFUL => Finding::doubtful(
            "disk sync",
            format!("a write takes {time:.1?} to be on disk: blocks take several of them"),
        ),
        Ok(time) => Finding::good("disk sync", format!("a write takes {time:.1?} to be on disk")),
        Err(error) => Finding::wrong("disk sync", format!("the folder cannot be written to: {error}")),
    }
}

fn sync_time(folder: &Folder) -> io::Result<Duration> {
    let path = folder.path().join("doctor.tmp");
    let measure = || -> io::Result<Duration> {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(&path)?;
        let mut times = Vec::with_capacity(SYNCS);
        for _ in 0..SYNCS {
            let began = Instant::now();
            file.write_all(&SYNC_BYTES)?;
            file.sync_data()?;
            times.push(began.elapsed());
        }
        times.sort();
        Ok(times[SYNCS / 2])
    };
    let time = measure();
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => time,
    }
}

/// A limit of this process, as Linux tells it; elsewhere, and where there is none, `None`.
fn limit(name: &str) -> Option<u64> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    limits.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}

fn files() -> Finding {
    let Some(limit) = limit("Max open files") else { return Finding::good("open files", "no limit") };
    let says = format!("{limit} may be open: raise the limit to {FILES_DOUBTFUL} (LimitNOFILE, ulimit -n)");
    match limit {
        limit if limit < FILES_WRONG => Finding::wrong("open files", says),
        limit if limit < FILES_DOUBTFUL => Finding::doubtful("open files", says),
        limit => Finding::good("open files", format!("{limit} may be open")),
    }
}

fn file_size() -> Option<Finding> {
    let limit = limit("Max file size")?;
    Some(Finding::wrong("file size", format!("files may have {limit} bytes: lift the limit (LimitFSIZE, ulimit -f)")))
}

fn memory() -> Option<Finding> {
    let told = fs::read_to_string("/proc/meminfo").ok()?;
    let total = told.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let total = total.split_whitespace().next()?.parse::<u64>().ok()?.saturating_mul(1_024);
    let allowed = limit("Max address space").map_or(total, |limit| limit.min(total));
    let says = format!("{} MiB", allowed / MIB);
    if allowed < MEMORY_DOUBTFUL {
        let needs = format!("{says}: a busy node needs {} MiB and more", MEMORY_DOUBTFUL / MIB);
        return Some(Finding::doubtful("memory", needs));
    }
    Some(Finding::good("memory", says))
}

/// Whether a node could listen there.
pub fn port(what: &'static str, address: SocketAddr) -> Finding {
    match TcpListener::bind(address) {
        Ok(_) => Finding::good(what, format!("{address} is free")),
        Err(error) => Finding::wrong(what, format!("nobody can listen on {address}: {error}")),
    }
}
