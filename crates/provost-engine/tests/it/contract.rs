//! The contract of a registry. Every test runs on both databases.

mod claims;
mod history;
mod manoeuvres;
mod pages;
mod phases;
mod receipts;
mod sessions;

/// Each function is a test on SQLite; all of a file together are one on PostgreSQL, for a server takes its time to be made. Each has a
/// database of its own there.
macro_rules! contract {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::$name(&crate::stage::Stage::sqlite().await).await;
            })*
        }

        #[tokio::test]
        async fn postgresql() {
            let server = crate::stage::server();
            $(println!("{}", stringify!($name));
            $name(&crate::stage::Stage::postgres(&server, stringify!($name)).await).await;)*
        }
    };
}
pub(crate) use contract;
