//! The program as people use it: each command against a running node, and what it says.

#![allow(clippy::unwrap_used)]

mod process;
mod support;

use process::program;
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
};
use support::Stage;

/// A node, and a terminal beside it.
struct Terminal {
    url: String,
    keys: PathBuf,
}

impl Terminal {
    fn run(&self, line: &str, more: &[&str]) -> Output {
        let arguments: Vec<&str> = line.split_whitespace().chain(more.iter().copied()).collect();
        let mut command = program(&arguments);
        command.env("TRIBUTARY_NODE", &self.url).env("TRIBUTARY_KEYS", &self.keys);
        command.env("TRIBUTARY_PASSPHRASE", "for tests").output().unwrap()
    }

    /// What a command that succeeds says; `more` are arguments with blanks in them.
    #[track_caller]
    fn says(&self, line: &str, more: &[&str]) -> String {
        let output = self.run(line, more);
        let (said, error) = (text(output.stdout), text(output.stderr));
        assert!(output.status.success(), "{line}: {said}{error}");
        said + &error
    }

    /// The same with `--json`, read.
    #[track_caller]
    fn json(&self, line: &str, more: &[&str]) -> Value {
        let output = self.run(&format!("{line} --json"), more);
        let (said, error) = (text(output.stdout), text(output.stderr));
        assert!(output.status.success(), "{line}: {said}{error}");
        serde_json::from_str(&said).unwrap_or_else(|wrong| panic!("{line}: {wrong}: {said}"))
    }

    /// What a command that fails says, on standard error.
    #[track_caller]
    fn fails(&self, line: &str, more: &[&str]) -> String {
        let output = self.run(line, more);
        let (said, error) = (text(output.stdout), text(output.stderr));
        assert!(!output.status.success(), "{line}: {said}{error}");
        assert!(error.contains("error: ") && !error.contains("panicked"), "{line}: {error}");
        error
    }
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

#[track_caller]
fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "`{part}` is missing in:\n{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_command_says_what_it_did() {
    let mut stage = Stage::new().await;
    stage.actors.register().await.unwrap();
    let terminal = Terminal { url: format!("http://{}", stage.node.address()), keys: stage.keys() };
    let core = stage.actors.id("CORE").to_string();
    where_it_stands(&terminal);
    keys(&terminal);
    lists(&terminal);
    records(&terminal, &core);
    let hash = acts(&terminal);
    history(&terminal, &hash);
    files(&terminal);
    let drafts = tempfile::tempdir().unwrap();
    drafts_pass_on(&terminal, drafts.path());
    let data = stage.data().display().to_string();
    stage.node.stop().await;
    let lock = node::Folder::new(&data).lock().unwrap();
    has(&terminal.fails("audit --data", &[&data]), &["is in use by "]);
    drop(lock);
    has(&terminal.fails("status", &[]), &["reach the node at"]);
    let said = terminal.says("audit --replay --data", &[&data]);
    has(&said, &["all laws hold", "the history holds", "the last is certified", "state root"]);
    assert_eq!(terminal.says("audit --quiet --data", &[&data]), "");
}

fn where_it_stands(terminal: &Terminal) {
    has(&terminal.says("status", &[]), &["tributary demonstration", "height", "block time", "state root", "Movable"]);
    let status = terminal.json("status", &[]);
    assert!(status["head"]["height"].as_u64().unwrap() > 1);
    has(&terminal.says("errors", &[]), &["E_LOT_SPENT", "E_NONCE", "409"]);
    assert!(terminal.json("errors", &[]).as_array().unwrap().len() > 100);
    has(&terminal.says("completion bash", &[]), &["_tributary()"]);
    has(&terminal.says("completion zsh", &[]), &["#compdef tributary"]);
    has(&terminal.says("--help", &[]), &["up", "node", "audit", "receivable", "money", "list", "show"]);
    has(&terminal.says("money transfer --help", &[]), &["--source", "--target", "--amount", "--by", "--draft"]);
    has(&terminal.fails("stauts", &[]), &["status"]);
    has(&terminal.fails("status --node http://127.0.0.1:1", &[]), &["reach the node at http://127.0.0.1:1"]);
}

fn keys(terminal: &Terminal) {
    has(&terminal.says("key new tester", &[]), &["tester", "acct_", "public key"]);
    let listed = terminal.says("key list", &[]);
    has(&listed, &["tester", "core-maker", "op-admin"]);
    has(&terminal.fails("key new tester", &[]), &["`tester` exists already"]);
    has(&terminal.fails("key new", &["../tester"]), &["is not a key name"]);
}

fn lists(terminal: &Terminal) {
    let said = terminal.says("list enterprise/enterprises", &[]);
    has(&said, &["Northgate Motors Co., Ltd.", "91310115MADEMAC150"]);
    let filtered = terminal.says("list enterprise/enterprises --where legal_id=91310115MADEMAC150", &[]);
    has(&filtered, &["Northgate"]);
    assert!(!filtered.contains("Willowbridge"), "{filtered}");
    let first = terminal.says("list enterprise/enterprises --sort name --limit 2", &[]);
    let cursor = first.split("--cursor ").nth(1).expect("the page names the next").trim();
    let second = terminal.says("list enterprise/enterprises --sort name --limit 2 --cursor", &[cursor]);
    let rows = |page: &str| page.lines().filter(|line| line.contains("ent_")).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!((rows(&first).len(), rows(&second).len()), (2, 2));
    assert!(rows(&first).iter().all(|row| !rows(&second).contains(row)));
    assert_eq!(terminal.says("list receivable/lots", &[]).trim(), "nothing");
    assert_eq!(terminal.json("list receivable/lots", &[])["rows"], Value::Array(vec![]));
    has(&terminal.fails("list enterprise/enterprises --where colour=red", &[]), &["E_UNKNOWN_PARAMETER", "legal_id"]);
    has(&terminal.fails("list enterprise/enterprises --where red", &[]), &["`red` is not COLUMN=VALUE"]);
    has(&terminal.fails("list enterprise/enterprise", &[]), &["enterprise/enterprises"]);
}

fn records(terminal: &Terminal, core: &str) {
    let said = terminal.says("show enterprise/enterprises", &[core]);
    has(&said, &["Northgate Motors Co., Ltd.", "proved: under the state root of final block"]);
    assert_eq!(terminal.json("show enterprise/enterprises", &[core])["name"], "Northgate Motors Co., Ltd.");
    let absent = format!("ent_{}", "0".repeat(core.len() - 4));
    has(&terminal.says("show enterprise/enterprises", &[&absent]), &["there is no such record", "proved"]);
    assert_eq!(terminal.json("show enterprise/enterprises", &[&absent]), Value::Null);
    terminal.fails("show enterprise/enterprises", &["nothing"]);
    has(&terminal.says("enterprise by_legal_id --legal-id 91310115MADEMAC150", &[]), &[core]);
}

/// Asks for acts; gives the hash of one that was applied.
fn acts(terminal: &Terminal) -> String {
    let digest = format!("--digest={}", "ab".repeat(32));
    let record = [digest.as_str(), "--title=a paper", "--remark=for the test"];
    let said = terminal.says("evidence record --kind Reading --by core-maker", &record);
    has(&said, &["final in block", "EvidenceRecorded"]);
    let view = terminal.json("evidence record --kind Reading --by s1-maker", &record);
    assert_eq!(view["status"], "applied");
    let [source, target] = ["0", "1"].map(|digit| format!("cash_{}", digit.repeat(32)));
    let transfer = format!("money transfer --source {source} --target {target} --reference R-1 --by core-treasurer");
    has(&terminal.fails(&transfer, &["--amount=10.00 CNY"]), &["error: E_", &source]);
    has(&terminal.fails(&transfer, &["--amount=10.001 CNY"]), &["E_AMOUNT_SCALE"]);
    has(&terminal.fails("evidence record --kind Reading --by nobody", &record), &["unlock the key `nobody`"]);
    has(&terminal.fails("evidence record --kind Painting --by core-maker", &record), &["E_MALFORMED"]);
    terminal.fails("evidence record --by core-maker", &[]);
    view["hash"].as_str().unwrap().to_owned()
}

fn history(terminal: &Terminal, hash: &str) {
    let said = terminal.says("transaction show", &[hash]);
    has(&said, &[hash, "evidence.record", "applied", "proved: the receipt is of final block"]);
    assert_eq!(terminal.json("transaction show", &[hash])["hash"], hash);
    has(&terminal.fails("transaction show", &[&"0".repeat(64)]), &["is not final yet"]);
    terminal.fails("transaction show", &["abc"]);
    let events = terminal.says("events --until-now", &[]);
    has(&events, &["enterprise.EnterpriseRegistered", "evidence.EvidenceRecorded", "owner: Willowbridge Steel"]);
    let cursor = events.lines().last().unwrap().split_whitespace().next().unwrap();
    assert_eq!(terminal.says("events --until-now --after", &[cursor]), "");
    has(&terminal.fails("events --until-now --after here", &[]), &["E_CURSOR"]);
    let height = terminal.json("transaction show", &[hash])["height"].to_string();
    has(&terminal.says("block latest", &[]), &["state root", "proved: "]);
    let block = terminal.says("block", &[&height]);
    has(&block, &[hash, "state root", "proved: a quorum's certificate makes it final"]);
    assert!(terminal.json("block 1", &[])["header"]["height"] == 1);
    has(&terminal.fails("block 99999", &[]), &["E_NOT_FOUND"]);
}

fn drafts_pass_on(terminal: &Terminal, folder: &Path) {
    let file = folder.join("advance.json").display().to_string();
    let listed = terminal.json("key list", &[]);
    let checker = listed.as_array().unwrap().iter().find(|key| key["name"] == "op-checker").unwrap();
    let also = checker["public key"].as_str().unwrap();
    let later = terminal.json("status", &[])["head"]["time"].as_str().unwrap().replacen("2026", "2027", 1);
    let said = terminal.says(&format!("clock advance --to {later} --by op-maker --draft {file} --also {also}"), &[]);
    has(&said, &["1 of 2 signatures"]);
    has(&terminal.fails("transaction send", &[&file]), &["1 of 2 signatures are missing"]);
    has(&terminal.fails("transaction sign --by core-maker", &[&file]), &["does not list the key"]);
    has(&terminal.says("transaction sign --by op-checker", &[&file]), &["2 of 2 signatures"]);
    has(&terminal.says("transaction send", &[&file]), &["final in block", "ClockAdvanced"]);
    // Sent again, it is answered as the first time.
    has(&terminal.says("transaction send", &[&file]), &["final in block", "ClockAdvanced"]);
    fs::write(&file, "{}").unwrap();
    has(&terminal.fails("transaction send", &[&file]), &["as a draft"]);
    has(&terminal.fails("transaction send", &["nowhere.json"]), &["read nowhere.json"]);
}

fn files(terminal: &Terminal) {
    let example = |name: &str| format!("{}/../../examples/csv/{name}", env!("CARGO_MANIFEST_DIR"));
    let names = [example("orders.csv"), example("deliveries.csv"), example("invoices.csv")];
    let said = terminal.says("import --check", &[&names[0], &names[1], &names[2]]);
    has(&said, &["PO-CORE-2", "PO-S1-2", "DA-S1-2", "INV-3", "CN-3", "fits"]);
    let everybody = "--by=s1-maker,s1-checker,core-maker,core-checker,s2-maker,s2-checker";
    has(&terminal.says("import", &[everybody, &names[0]]), &["PO-CORE-2", "recorded"]);
    // People read names, not ids, and amounts with their currency; the id to go on with is whole.
    let orders = terminal.says("list document/orders", &[]);
    has(&orders, &["PO-CORE-2", "PO-S1-2", "Northgate Motors", "Willowbridge Steel", " CNY", "ord_"]);
    assert!(!orders.contains("ent_"), "{orders}");
    has(&terminal.fails("import", &[everybody, &names[0]]), &["refused"]);
    has(&terminal.fails("import --check", &[concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")]), &["refused"]);
}
