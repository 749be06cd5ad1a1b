//! README says what the code does.

mod common;

use std::fs;

fn readme() -> String {
    fs::read_to_string(common::fixture("../README.md")).unwrap()
}

fn printed(arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let output = common::tanba(folder.path()).args(arguments).output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

const OPENING: &str = "<!-- formats: tanba formats --markdown -->\n";
const CLOSING: &str = "<!-- /formats -->";

#[test]
fn the_table_of_formats_is_the_one_that_the_code_prints() {
    let readme = readme();
    let (before, rest) = readme.split_once(OPENING).expect("the opening marker");
    let (table, after) = rest.split_once(CLOSING).expect("the closing marker");
    let wanted = printed(&["formats", "--markdown"]);
    if std::env::var_os("TANBA_BLESS").is_some() {
        fs::write(common::fixture("../README.md"), format!("{before}{OPENING}{wanted}{CLOSING}{after}")).unwrap();
        return;
    }
    assert_eq!(table, wanted, "TANBA_BLESS=1 cargo test --test readme puts the new table into README");
}

#[test]
fn the_exit_codes_are_those_of_the_help() {
    let readme = readme();
    let help = printed(&["--help"]);
    let (_, codes) = help.split_once("Exit codes of `label`").expect("exit codes in the help");
    let mut seen = 0;
    for line in codes.lines().filter(|line| line.starts_with("  ") && !line.trim().is_empty()) {
        let (code, words) = line.trim().split_once("  ").expect("a code and its words");
        let row = format!("| {code} | {} |", words.trim());
        assert!(readme.contains(&row), "README lacks the row {row}");
        seen += 1;
    }
    assert_eq!(seen, 12, "codes in the help");
}

#[test]
fn the_three_lines_are_those_of_the_documentation() {
    let lib = fs::read_to_string(common::fixture("../src/lib.rs")).unwrap();
    let readme = readme();
    for line in ["Signer::development()", "tanba::label(&picture, ", "tanba::verify(&labeled)?"] {
        assert!(lib.contains(line) && readme.contains(line), "{line}");
    }
}
