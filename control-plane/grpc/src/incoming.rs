//! Connections as they come in: accepting never ends, and who connects has to say something.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_util::{Stream, stream};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    time::{Sleep, sleep},
};
use tonic::transport::server::{Connected, TcpConnectInfo};
use tracing::{debug, warn};

use crate::limits::PREFACE_TIME;

/// What every HTTP/2 connection begins with: `PRI * HTTP/2.0`, and so on.
const PREFACE_BYTES: usize = 24;

/// How long to wait when a connection cannot be accepted, for example for want of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// The connections of a listener, without end and without an error.
///
/// tonic would ask again at once, for ever and in silence, where accepting fails.
pub(crate) fn incoming(listener: TcpListener) -> impl Stream<Item = io::Result<Incoming>> {
    stream::unfold(listener, async |listener| {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => match Incoming::new(stream) {
                    Ok(incoming) => return Some((Ok(incoming), listener)),
                    Err(error) => debug!("the connection is gone already: {error}"),
                },
                Err(error) if is_of_the_connection(&error) => {}
                Err(error) => {
                    warn!("connections cannot be accepted: {error}");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    })
}

/// Whether only the connection that was about to be accepted failed.
fn is_of_the_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
    )
}

/// A connection that fails if its preface does not arrive in time; afterwards HTTP/2 pings it.
pub(crate) struct Incoming {
    stream: TcpStream,
    preface: Option<Preface>,
}

/// A preface that is still awaited.
struct Preface {
    missing_bytes: usize,
    deadline: Pin<Box<Sleep>>,
}

impl Incoming {
    fn new(stream: TcpStream) -> io::Result<Self> {
        // Small answers must not wait for the client's delayed acknowledgement.
        stream.set_nodelay(true)?;
        let preface = Preface {
            missing_bytes: PREFACE_BYTES,
            deadline: Box::pin(sleep(PREFACE_TIME)),
        };
        Ok(Self {
            stream,
            preface: Some(preface),
        })
    }
}

impl AsyncRead for Incoming {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let Some(preface) = &mut this.preface else {
            return Pin::new(&mut this.stream).poll_read(context, buffer);
        };
        if preface.deadline.as_mut().poll(context).is_ready() {
            let late = "the client did not begin to speak HTTP/2 in time";
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, late)));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(context, buffer))?;
        let read = buffer.filled().len() - before;
        preface.missing_bytes = preface.missing_bytes.saturating_sub(read);
        if preface.missing_bytes == 0 {
            this.preface = None;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Incoming {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl Connected for Incoming {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> TcpConnectInfo {
        self.stream.connect_info()
    }
}
