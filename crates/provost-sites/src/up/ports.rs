//! The addresses that the fleet listens on.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;

use super::UpError;

/// Says so when an address cannot be listened on, before anything is started: nginx's own message would be in a log.
pub(super) fn check(addresses: &[SocketAddr]) -> Result<(), UpError> {
    for address in addresses {
        // std's listener sets SO_REUSEADDR, as nginx does: connections that linger from the last run are no obstacle.
        match std::net::TcpListener::bind(address) {
            Ok(listener) => drop(listener),
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
                return Err(UpError::PortInUse { address: *address });
            }
            Err(source) => return Err(UpError::Listen { address: *address, source }),
        }
    }
    Ok(())
}

/// Whether every address takes connections.
pub(super) async fn answer(addresses: &[SocketAddr]) -> bool {
    for address in addresses {
        let connecting = TcpStream::connect(reachable(*address));
        match tokio::time::timeout(Duration::from_secs(1), connecting).await {
            Ok(Ok(_)) => {}
            _ => return false,
        }
    }
    true
}

/// `0.0.0.0` is for listening; one connects to the loopback.
pub(super) fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        let loopback: std::net::IpAddr = match address.is_ipv4() {
            true => std::net::Ipv4Addr::LOCALHOST.into(),
            false => std::net::Ipv6Addr::LOCALHOST.into(),
        };
        address.set_ip(loopback);
    }
    address
}

/// A free port of the loopback, for tests of this crate.
#[cfg(test)]
pub(super) async fn free() -> std::io::Result<tokio::net::TcpListener> {
    tokio::net::TcpListener::bind("127.0.0.1:0").await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_in_use_is_told_and_a_free_one_is_not() {
        let taken = free().await.unwrap();
        let address = taken.local_addr().unwrap();
        assert!(matches!(check(&[address]), Err(UpError::PortInUse { .. })));
        assert!(answer(&[address]).await);
        drop(taken);
        assert!(check(&[address]).is_ok());
        assert!(!answer(&[address]).await);
    }
}
