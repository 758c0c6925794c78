//! Registers an instance until it is interrupted; the console's overview shows this to newcomers.
//!
//! `cargo run -p merak-sdk --example register`

use merak_sdk::{Client, Registration};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::builder("http://127.0.0.1:8091").build()?;
    let pay = Registration::new("pay", "127.0.0.1", 9000);
    let registered = client.register(pay).await?;
    tokio::signal::ctrl_c().await?;
    registered.deregister().await?;
    Ok(())
}
