//! Follows a service, and picks an instance for a call each second.
//!
//! `cargo run -p merak-sdk --example consumer -- [SERVICE] [CONTROL_PLANE]`

use std::time::Duration;

use merak_sdk::{Call, Client};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let service = arguments.next().unwrap_or_else(|| "hello".to_owned());
    let control_plane = arguments
        .next()
        .unwrap_or_else(|| "http://127.0.0.1:8091".to_owned());

    let client = Client::builder(control_plane)
        .service("consumer")
        .cache_dir(std::env::temp_dir().join("merak-consumer"))
        .build()?;
    let mut changes = client.watch(&service).await?;
    let mut calls = tokio::time::interval(Duration::from_secs(1));
    loop {
        tokio::select! {
            Some(state) = changes.next() => {
                let healthy = state.instances().filter(|one| one.health.is_healthy()).count();
                let known = state.instances().len();
                println!("revision {}: {healthy} of {known} healthy ({:?})", state.revision(), state.origin());
            }
            _ = calls.tick() => match client.pick(&Call::to(&service)).await {
                Ok(instance) => println!("the next call goes to {}", instance.address()),
                Err(why) => println!("no call: {why}"),
            },
            _ = tokio::signal::ctrl_c() => break,
        }
    }
    client.close().await;
    Ok(())
}
