//! The map of ARCHITECTURE.md, checked: which crate may use what, and how long a file may be.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// A source file that is longer wants to be two.
const LINES_LIMIT: usize = 500;

/// Each crate, its folder, the crates of ours that it may use, and what it must not know.
const CRATES: [(&str, &str, &[&str], &[&str]); 8] = [
    (
        "merak-model",
        "proto/model",
        &[],
        &[
            "tokio", "prost", "tonic", "sqlx", "axum", "hyper", "fastrand",
        ],
    ),
    (
        "merak-proto",
        "proto",
        &["merak-model"],
        &["tokio", "sqlx", "axum", "hyper"],
    ),
    (
        "merak-core",
        "control-plane/core",
        &["merak-model"],
        &["prost", "tonic", "sqlx", "axum", "hyper", "http"],
    ),
    (
        "merak-store",
        "control-plane/store",
        &["merak-model", "merak-core"],
        &["prost", "tonic", "axum", "hyper", "http"],
    ),
    (
        "merak-grpc",
        "control-plane/grpc",
        &["merak-model", "merak-proto", "merak-core"],
        &["sqlx", "axum"],
    ),
    (
        "merak-http",
        "control-plane/http",
        &["merak-model", "merak-core"],
        &["sqlx", "prost", "tonic"],
    ),
    (
        "merak-sdk",
        "sdk",
        &["merak-model", "merak-proto"],
        &["sqlx", "axum"],
    ),
    (
        "merak",
        "control-plane/server",
        &[
            "merak-model",
            "merak-proto",
            "merak-core",
            "merak-store",
            "merak-grpc",
            "merak-http",
            "merak-sdk",
        ],
        &["sqlx"],
    ),
];

fn root() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    folder.ancestors().nth(2).unwrap().to_owned()
}

fn manifest(folder: &str) -> toml::Table {
    let text = fs::read_to_string(root().join(folder).join("Cargo.toml")).unwrap();
    text.parse().unwrap()
}

#[test]
fn each_crate_uses_only_what_its_layer_may() {
    for (name, folder, may_use, must_not_know) in CRATES {
        let manifest = manifest(folder);
        assert_eq!(manifest["package"]["name"].as_str(), Some(name));
        for used in manifest["dependencies"].as_table().unwrap().keys() {
            let used = used.as_str();
            let is_ours = used.starts_with("merak");
            assert!(!is_ours || may_use.contains(&used), "{name} uses {used}");
            let prefix = used.split('-').next().unwrap();
            let is_unknown = must_not_know
                .iter()
                .any(|unknown| [used, prefix].contains(unknown));
            assert!(!is_unknown, "{name} knows {used}");
        }
    }
}

#[test]
fn every_crate_is_on_the_map() {
    let workspace = manifest(".");
    let members = workspace["workspace"]["members"].as_array().unwrap();
    let members: BTreeSet<&str> = members
        .iter()
        .map(|member| member.as_str().unwrap())
        .collect();
    let checked: BTreeSet<&str> = CRATES.iter().map(|(_, folder, ..)| *folder).collect();
    assert_eq!(members, checked);
    let map = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    for (name, folder, ..) in CRATES {
        let row = format!("| `{name}` | `{folder}` |");
        assert!(map.contains(&row), "ARCHITECTURE.md has no row `{row}`");
    }
}

/// Whether a licence expression can be met by what is allowed: every `AND` part by one of its `OR` parts.
fn is_allowed(expression: &str, allowed: &[&str]) -> bool {
    let plain = expression.replace('/', " OR ").replace(['(', ')'], "");
    plain.split(" AND ").all(|part| {
        part.split(" OR ")
            .any(|name| allowed.contains(&name.trim()))
    })
}

#[test]
fn every_licence_is_allowed() {
    let deny: toml::Table = fs::read_to_string(root().join("deny.toml"))
        .unwrap()
        .parse()
        .unwrap();
    let allowed = deny["licenses"]["allow"].as_array().unwrap();
    let allowed: Vec<&str> = allowed.iter().map(|name| name.as_str().unwrap()).collect();
    assert!(is_allowed(
        "(MIT OR GPL-3.0) AND Apache-2.0",
        &["MIT", "Apache-2.0"]
    ));
    assert!(!is_allowed("MIT AND GPL-3.0", &["MIT"]));
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        metadata.status.success(),
        "{}",
        String::from_utf8_lossy(&metadata.stderr)
    );
    let metadata: serde_json::Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() > CRATES.len());
    for package in packages {
        let licence = package["license"].as_str().unwrap_or("none");
        assert!(
            is_allowed(licence, &allowed),
            "{}: {licence}",
            package["name"]
        );
    }
}

#[test]
fn no_file_is_too_long() {
    let mut folders = CRATES.map(|(_, folder, ..)| root().join(folder)).to_vec();
    let mut seen = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if path.is_dir() && name != "generated" && name != "target" {
                folders.push(path);
            } else if name.ends_with(".rs") && seen.insert(path.clone()) {
                let lines = fs::read_to_string(&path).unwrap().lines().count();
                assert!(lines <= LINES_LIMIT, "{} has {lines} lines", path.display());
            }
        }
    }
    assert!(!seen.is_empty());
}
