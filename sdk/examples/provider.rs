//! Joins a service and answers HTTP requests until it is interrupted.
//!
//! `cargo run -p merak-sdk --example provider -- [SERVICE] [CONTROL_PLANE]`

use merak_sdk::{Client, Registration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let service = arguments.next().unwrap_or_else(|| "hello".to_owned());
    let control_plane = arguments
        .next()
        .unwrap_or_else(|| "http://127.0.0.1:8091".to_owned());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();

    let client = Client::builder(control_plane).service(&service).build()?;
    let registration = Registration::new(&service, "127.0.0.1", port).protocol("http");
    let registered = client.register(registration).await?;
    println!(
        "{} is at 127.0.0.1:{port}, id {}",
        registered.service(),
        registered.id()
    );

    loop {
        tokio::select! {
            accepted = listener.accept() => answer(accepted?.0, port).await?,
            _ = tokio::signal::ctrl_c() => break,
        }
    }
    // Everyone knows at once, instead of after some seconds.
    registered.deregister().await?;
    client.close().await;
    Ok(())
}

async fn answer(mut connection: TcpStream, port: u16) -> Result<(), Failure> {
    let mut request = [0; 4096];
    let _ = connection.read(&mut request).await?;
    let body = format!("hello from {port}\n");
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    connection.write_all((head + &body).as_bytes()).await?;
    Ok(())
}
