//! The checked-in Rust code is what the `.proto` files say.
//!
//! `UPDATE_GENERATED=1 cargo test -p merak-proto --test generated_is_fresh` writes it anew.

use std::{env, fs, path::Path};

use prost::Message;

const FILES: [&str; 7] = [
    "merak/v1/model.proto",
    "merak/v1/routing.proto",
    "merak/v1/ratelimit.proto",
    "merak/v1/registry.proto",
    "merak/v1/discovery.proto",
    "merak/v1/quota.proto",
    "merak/demo/v1/pay.proto",
];

#[test]
fn generated_code_is_fresh() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let scratch = tempfile::tempdir().unwrap();
    let descriptors = protox::compile(FILES, [root]).unwrap();
    fs::write(
        scratch.path().join("merak.v1.bin"),
        descriptors.encode_to_vec(),
    )
    .unwrap();
    tonic_prost_build::configure()
        .codec_path("crate::codec::CompactCodec")
        .out_dir(scratch.path())
        .compile_fds(descriptors)
        .unwrap();
    for name in ["merak.v1.rs", "merak.demo.v1.rs", "merak.v1.bin"] {
        let fresh = fs::read(scratch.path().join(name)).unwrap();
        let checked_in = root.join("src/generated").join(name);
        #[expect(clippy::disallowed_methods, reason = "a switch of this test alone")]
        if env::var("UPDATE_GENERATED").is_ok() {
            fs::create_dir_all(checked_in.parent().unwrap()).unwrap();
            fs::write(&checked_in, &fresh).unwrap();
        }
        let is_fresh = fs::read(&checked_in).is_ok_and(|found| found == fresh);
        assert!(is_fresh, "{name} is stale: run `make generate`");
    }
}
