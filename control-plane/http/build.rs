//! Takes the built console into the binary, or notes that there is none.
//!
//! Writes `console_files.rs`, a sorted list of the files under `console/dist`. A file `x.gz` is the
//! compressed form of `x`.

use std::{
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

fn main() -> io::Result<()> {
    let console = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../console");
    let dist = console.join("dist");
    // A folder that is missing would make every build run this anew, so its parent is watched then.
    let watched = if dist.exists() { &dist } else { &console };
    println!("cargo::rerun-if-changed={}", watched.display());
    println!("cargo::rerun-if-changed=build.rs");
    let mut files = Vec::new();
    if dist.exists() {
        collect(&dist.canonicalize()?, &mut files)?;
    }
    files.sort();
    let mut list = String::from("&[\n");
    for file in files.iter().filter(|file| !is_compressed(file)) {
        let name = file.strip_prefix(dist.canonicalize()?);
        let name = name.expect("it was found there").display().to_string();
        let compressed = PathBuf::from(format!("{}.gz", file.display()));
        let gzip = if files.contains(&compressed) {
            format!("Some(include_bytes!({compressed:?}))")
        } else {
            "None".to_owned()
        };
        let line = format!("({name:?}, include_bytes!({file:?}), {gzip}),");
        writeln!(list, "{line}").expect("writing to a String cannot fail");
    }
    list.push(']');
    let out = std::env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("run by cargo"))?;
    fs::write(Path::new(&out).join("console_files.rs"), list)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

fn is_compressed(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "gz")
}
