//! Compiles `proto/overlap/v1` without a system `protoc`.

use std::error::Error;
use std::path::Path;

const FILES: [&str; 5] = [
    "overlap/v1/document.proto",
    "overlap/v1/exchange.proto",
    "overlap/v1/hello.proto",
    "overlap/v1/roster.proto",
    "overlap/v1/terms.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto");
    println!("cargo::rerun-if-changed={}", root.display());
    let descriptors = protox::compile(FILES.map(|file| root.join(file)), [&root])?;
    // `Bytes` fields are slices of the frame: decoding them allocates nothing.
    prost_build::Config::new().bytes(["."]).disable_comments(["."]).compile_fds(descriptors)?;
    Ok(())
}
