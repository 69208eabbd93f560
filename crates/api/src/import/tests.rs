//! Real files, our own examples, and one test for each refusal.

use std::{collections::BTreeMap, path::PathBuf};

mod examples;
mod refusals;
mod robustness;
mod shared;

/// The files of a folder, by name.
fn files(folder: &PathBuf) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(folder).expect("the folder is there");
    let paths = entries.map(|entry| entry.expect("an entry can be read").path()).filter(|path| path.is_file());
    let name = |path: &PathBuf| path.file_name().expect("a file has a name").to_string_lossy().into_owned();
    paths.map(|path| (name(&path), std::fs::read(&path).expect("a file can be read"))).collect()
}

fn workspace() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Other people's files: they lie beside the repository on some machines and are never in it.
fn shared_folder(folder: &str) -> Option<PathBuf> {
    let root = std::env::var_os("TRIBUTARY_SHARED").map_or_else(|| workspace().join("../shared"), PathBuf::from);
    let path = root.join("data").join(folder);
    if !path.is_dir() {
        println!("skipped: {folder} is not on this machine (set TRIBUTARY_SHARED)");
        return None;
    }
    Some(path)
}

fn example(name: &str) -> String {
    let path = workspace().join("examples").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("read {}: {error}", path.display()))
}
