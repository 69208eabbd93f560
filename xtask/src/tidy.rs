//! Tidy: the house rules that a machine can check, as ordinary tests.
//!
//! Everything is read as text, so a rule here is simple on purpose: it points at a line, and a person decides.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Crate -> the crates of ours that it may use (ARCHITECTURE.md draws the same).
const EDGES: &[(&str, &[&str])] = &[
    ("types", &[]),
    ("crypto", &["types"]),
    ("ledger", &["types"]),
    ("mempool", &["types"]),
    ("execution", &["types", "ledger", "crypto"]),
    ("api", &["types", "ledger"]),
    ("engine", &["types", "execution", "crypto"]),
    ("index", &["types", "api"]),
    ("server", &["types", "api"]),
    ("sdk", &["types", "api", "crypto", "ledger"]),
    ("node", &["types", "ledger", "crypto", "execution", "api", "mempool", "engine", "index", "server"]),
    ("sim", &["types", "ledger", "crypto", "execution", "mempool", "engine", "node"]),
    ("tributary", &["types", "ledger", "crypto", "execution", "api", "engine", "node", "sdk"]),
    ("xtask", &[]),
];

/// Crates in which the same bytes must mean the same on every machine.
const DETERMINISTIC: &[&str] = &["types", "ledger", "execution"];

/// What may not stand in them, and why a reader would look for it.
const BANNED: &[&str] = &[
    "std::time",
    "SystemTime",
    "Instant::now",
    "std::thread",
    "std::fs",
    "std::net",
    "std::env",
    "HashMap",
    "HashSet",
    "async fn",
    ".await",
    "f32",
    "f64",
    "rand::",
    "unsafe ",
    "todo!(",
    "unimplemented!(",
];

/// The one file that may hold a hash map: it gives out nothing in the map's order.
const LOOKED_UP_BY_HASH: &str = "execution/src/records.rs";

/// The one file that may read the environment: only with a feature that no release has.
const PLANTED: &str = "types/src/planted.rs";

/// Words that do not belong anywhere in the project.
const BANNED_ANYWHERE: &[&str] = &["todo!(", "unimplemented!(", "#[ignore", "thread::sleep", "dbg!("];

const FILE_LINES_MAX: usize = 800;
const FUNCTION_LINES_MAX: usize = 70;

/// Files that every ledger module has.
const MODULE_FILES: &[&str] = &["mod.rs", "types", "state", "rules", "tests"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask stands in the workspace").to_owned()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("read {}: {error}", path.display()))
}

/// Every Rust file below a folder.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

fn crates() -> Vec<String> {
    let entries = fs::read_dir(root().join("crates")).expect("the workspace has crates");
    let mut names: Vec<String> =
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Whether a file holds tests only.
fn is_test(path: &Path) -> bool {
    let text = path.to_string_lossy();
    text.contains("/tests/")
        || text.ends_with("/tests.rs")
        || text.contains("tests_")
        || text.ends_with("testing.rs")
        || text.contains("/benches/")
}

/// A file's lines up to its own tests.
fn code_lines(text: &str) -> Vec<(usize, &str)> {
    let own_tests = |line: &&str| line.trim() == "mod tests {";
    text.lines().take_while(|line| !own_tests(line)).enumerate().map(|(number, line)| (number + 1, line)).collect()
}

fn report(what: &str, findings: Vec<String>) {
    assert!(findings.is_empty(), "{what}:\n  {}", findings.join("\n  "));
}

#[test]
fn every_edge_between_crates_points_down() {
    let allowed: BTreeMap<&str, &[&str]> = EDGES.iter().copied().collect();
    let mut findings = Vec::new();
    for name in crates() {
        let Some(allowed) = allowed.get(name.as_str()) else {
            findings.push(format!("{name}: not in the list of crates"));
            continue;
        };
        let manifest = read(&root().join("crates").join(&name).join("Cargo.toml"));
        let dependencies = manifest.split("[dependencies]").nth(1).unwrap_or("");
        let dependencies = dependencies.split("\n[").next().unwrap_or("");
        for line in dependencies.lines() {
            let used = line.split(['.', ' ', '=']).next().unwrap_or("");
            let ours = EDGES.iter().any(|(candidate, _)| *candidate == used);
            if ours && !allowed.contains(&used) {
                findings.push(format!("{name} uses {used}"));
            }
        }
    }
    report("edges that the house does not have", findings);
}

#[test]
fn deterministic_floors_hold_nothing_that_differs_between_machines() {
    let mut findings = Vec::new();
    for name in DETERMINISTIC {
        for path in rust_files(&root().join("crates").join(name).join("src")) {
            if is_test(&path) {
                continue;
            }
            for (number, line) in code_lines(&read(&path)) {
                let code = line.split("//").next().unwrap_or("");
                let allowed = |word: &str| {
                    word == "HashMap" && path.ends_with(LOOKED_UP_BY_HASH)
                        || word == "std::env" && path.ends_with(PLANTED)
                };
                for word in BANNED.iter().filter(|word| code.contains(**word) && !allowed(word)) {
                    findings.push(format!("{}:{number}: {word}", path.display()));
                }
            }
        }
    }
    report("not allowed in types, ledger and execution", findings);
}

#[test]
fn every_planted_fault_has_a_suite_that_finds_it() {
    let declared = read(&root().join("crates").join(PLANTED));
    let named: Vec<&str> =
        declared.lines().filter_map(|line| line.trim().split_once(" = \"")?.1.strip_suffix("\";")).collect();
    assert!(named.len() > 12, "the faults are declared as they are read here");
    let listed = read(&root().join("docs/reference/assurance.md"));
    let planted = crate::planted::FAST.iter().chain(crate::planted::SLOW);
    let suites: BTreeSet<&str> = planted.map(|planted| planted.name).collect();
    let missing = named.iter().filter(|name| !suites.contains(**name) || !listed.contains(&format!("`{name}`")));
    report("faults without a suite, or not in assurance.md", missing.map(|name| (*name).to_owned()).collect());
}

#[test]
fn nothing_unfinished_or_asleep_is_left_in_the_code() {
    let mut findings = Vec::new();
    for path in rust_files(&root().join("crates")) {
        for (number, line) in read(&path).lines().enumerate() {
            for word in BANNED_ANYWHERE.iter().filter(|word| line.contains(**word)) {
                findings.push(format!("{}:{}: {word}", path.display(), number + 1));
            }
        }
    }
    report("not allowed anywhere", findings);
}

#[test]
fn files_and_functions_fit_their_limits() {
    let exceptions = read(&root().join("tidy.toml"));
    let excepted = |path: &Path, what: &str| {
        let path = path.strip_prefix(root()).expect("below the root").to_string_lossy().into_owned();
        exceptions.lines().any(|line| line.trim_start().starts_with(&format!("\"{path}{what}\"")))
    };
    let mut findings = Vec::new();
    for path in rust_files(&root().join("crates")) {
        if is_test(&path) {
            continue;
        }
        let text = read(&path);
        let lines = code_lines(&text);
        if lines.len() > FILE_LINES_MAX && !excepted(&path, "") {
            findings.push(format!("{}: {} lines, at most {FILE_LINES_MAX}", path.display(), lines.len()));
        }
        for (name, start, length) in functions(&lines) {
            if length > FUNCTION_LINES_MAX && !excepted(&path, &format!("#{name}")) {
                findings.push(format!("{}:{start}: fn {name} has {length} lines", path.display()));
            }
        }
    }
    report("too long (tidy.toml lists older exceptions with reasons)", findings);
}

/// Functions as name, first line and number of lines, found by indentation: rustfmt puts the closing brace under `fn`.
fn functions(lines: &[(usize, &str)]) -> Vec<(String, usize, usize)> {
    let mut found = Vec::new();
    let mut open: Option<(String, usize, usize)> = None;
    for (number, line) in lines {
        let indent = line.len() - line.trim_start().len();
        let code = line.trim_start();
        let signature = ["pub ", "pub(crate) ", "pub(super) ", "const ", "async "]
            .iter()
            .fold(code, |rest, prefix| rest.strip_prefix(prefix).unwrap_or(rest));
        if let Some(rest) = signature.strip_prefix("fn ").filter(|_| open.is_none()) {
            let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            open = Some((name, *number, indent));
        }
        let closes = open.as_ref().is_some_and(|(_, start, at)| {
            (code.starts_with('}') && indent == *at)
                || (number == start && (code.ends_with(';') || code.ends_with('}')))
        });
        if closes {
            let (name, start, _) = open.take().expect("seen one line above");
            found.push((name, start, number - start + 1));
        }
    }
    found
}

#[test]
fn every_module_has_the_same_files() {
    let ledger = root().join("crates/ledger/src");
    let text = read(&ledger.join("lib.rs"));
    let mut findings = Vec::new();
    for module in modules(&text) {
        for file in MODULE_FILES {
            let folder = ledger.join(&module);
            let there = folder.join(file).exists() || folder.join(format!("{file}.rs")).exists();
            if !there {
                findings.push(format!("{module}: no {file}"));
            }
        }
    }
    report("files that a module lacks", findings);
}

/// The modules in the order of `modules!`.
fn modules(lib: &str) -> Vec<String> {
    let list = lib.split("\nmodules! {").nth(1).and_then(|rest| rest.split('}').next()).expect("lib.rs lists modules");
    list.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
}

#[test]
fn a_module_uses_only_those_before_it() {
    let ledger = root().join("crates/ledger/src");
    let order = modules(&read(&ledger.join("lib.rs")));
    let mut findings = Vec::new();
    for (position, module) in order.iter().enumerate() {
        for path in rust_files(&ledger.join(module)) {
            if is_test(&path) {
                continue;
            }
            for (number, line) in code_lines(&read(&path)) {
                let code = line.split("//").next().unwrap_or("");
                for later in &order[position + 1..] {
                    if code.contains(&format!("crate::{later}")) || code.contains(&format!(" {later}::")) {
                        findings.push(format!("{}:{number}: {module} uses {later}", path.display()));
                    }
                }
            }
        }
    }
    report("modules that use later ones", findings);
}

#[test]
fn every_rejection_code_is_used_and_tested() {
    let crates_folder = root().join("crates");
    let files: Vec<(PathBuf, String)> =
        rust_files(&crates_folder).into_iter().map(|path| (path.clone(), read(&path))).collect();
    let mut names = BTreeSet::new();
    for (_, text) in files.iter().filter(|(path, _)| !is_test(path)) {
        for line in text.lines() {
            let parts: Vec<&str> = line.trim().split('"').collect();
            let is_row =
                parts.len() >= 4 && parts[1].starts_with("E_") && line.trim().starts_with(|c: char| c.is_ascii_digit());
            if is_row {
                let constructor = parts[0].split_whitespace().nth(1).and_then(|rest| rest.split('(').next());
                names.insert((parts[1].to_owned(), constructor.unwrap_or("").to_owned()));
            }
        }
    }
    assert!(names.len() > 20, "the catalogue was found");
    let tests: String = files
        .iter()
        .map(|(path, text)| match text.split_once("mod tests {") {
            _ if is_test(path) => text.as_str(),
            Some((_, tests)) => tests,
            None => "",
        })
        .collect();
    let code: String = files
        .iter()
        .filter(|(path, _)| !is_test(path))
        .map(|(_, text)| text.split("mod tests {").next().unwrap_or(""))
        .collect();
    let mut findings = Vec::new();
    for (name, constructor) in &names {
        if !code.contains(&format!("::{constructor}(")) {
            findings.push(format!("{name}: `{constructor}` is called nowhere"));
        }
        if !tests.contains(name.as_str()) {
            findings.push(format!("{name}: no test names it"));
        }
    }
    report("rejection codes", findings);
}
