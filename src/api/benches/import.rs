//! Imports from end to end: body, lines, canonical forms, durable store.
//!
//! Each sample is one import into a store of its own: `cargo bench -p overlap-api`. On a 2-core Sapphire-Rapids-class virtual
//! machine that other builds kept busy (load 7), built at opt-level 3 with debug assertions: 131,000 rows a second (117,000 to
//! 149,000).

#![allow(clippy::unwrap_used)] // A bench that cannot go on may stop where it stands.

mod alone;

use std::sync::Arc;

use axum::body::Body;
use axum::http::Request;
use bytes::Bytes;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use futures_util::stream;
use overlap_store::Role;
use tempfile::TempDir;
use tower::ServiceExt;

/// Rows in a sample.
const ROWS: u32 = 200_000;

/// Bytes in a chunk of the body, as a socket would give them.
const CHUNK: usize = 64 * 1024;

/// Rows in the corpus's proportions, roughly: many URLs and domains, some of the rest.
fn corpus(rows: u32) -> Vec<Bytes> {
    let mut csv = String::from("kind,value,tlp,source\n");
    for n in 0..rows {
        let value = match n % 10 {
            0..4 => format!("url,hxxp://shop{n}[.]example.org/login.php?step={n}"),
            4..7 => format!("domain,Shop{n}.Example.ORG"),
            7 => format!("email,user{n}@example.net"),
            8 => format!("ip,10.{}.{}.{}", n >> 16 & 255, n >> 8 & 255, n & 255),
            _ => format!("handle,telegram:@user{n}"),
        };
        csv.push_str(&format!("{value},amber,case-{}\n", n % 1_000));
    }
    csv.as_bytes().chunks(CHUNK).map(Bytes::copy_from_slice).collect()
}

/// A router over a fresh store, with a token.
fn node() -> (TempDir, axum::Router, String) {
    let (folder, store) = alone::fresh_store();
    let (router, token) = alone::router(Arc::new(store), Role::Import);
    (folder, router, token)
}

async fn import(router: axum::Router, token: &str, chunks: Vec<Bytes>) {
    let body = Body::from_stream(stream::iter(chunks.into_iter().map(Ok::<_, std::io::Error>)));
    let request =
        Request::post("/api/v1/imports?format=csv").header("authorization", format!("Bearer {token}"));
    let response = router.oneshot(request.body(body).unwrap()).await.unwrap();
    assert_eq!(response.status(), 200);
}

fn imports(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let chunks = corpus(ROWS);
    let mut group = criterion.benchmark_group("import");
    group.sample_size(10).throughput(Throughput::Elements(ROWS.into()));
    group.bench_function("csv", |bencher| {
        bencher.iter_batched(
            || (node(), chunks.clone()),
            |((folder, router, token), chunks)| {
                runtime.block_on(import(router, &token, chunks));
                folder
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(benches, imports);
criterion_main!(benches);
