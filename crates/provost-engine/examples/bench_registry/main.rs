//! Measures the registry of a session of 400,000 units, on SQLite and on PostgreSQL, with eight worker processes. `script/bench registry`
//! runs it.
//!
//! Arguments: the directory to work in, the number of units, runs, seconds of claiming, and the commit; or those of a worker or a reader.
#![expect(clippy::print_stdout, reason = "a program that prints what it measures")]

#[path = "measure.rs"]
mod measure;
#[path = "scene.rs"]
mod scene;
#[path = "../registry_kills/server.rs"]
mod server;

use serde_json::json;

pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let rest = arguments.get(1..).unwrap_or_default();
    match arguments.first().map(String::as_str) {
        Some("worker") => runtime.block_on(scene::claim_for_a_while(rest)),
        Some("status") => runtime.block_on(scene::status(rest)),
        Some("list") => runtime.block_on(scene::list(rest)),
        _ => runtime.block_on(bench(&arguments)),
    }
}

async fn bench(arguments: &[String]) -> Result<()> {
    let argument = |at: usize| arguments.get(at).ok_or("DIRECTORY UNITS RUNS SECONDS COMMIT");
    let (work, units, runs) = (argument(0)?, argument(1)?.parse()?, argument(2)?.parse()?);
    let (seconds, commit) = (argument(3)?.parse()?, argument(4)?);
    let mut figures = serde_json::Map::new();
    let mut spread = serde_json::Map::new();
    let server = server::Server::start(server::Durable::Yes)?;
    let places = [
        ("sqlite", format!("sqlite:{work}/registry.sqlite")),
        ("postgresql", format!("postgresql:{}", server.host())),
    ];
    for (name, place) in &places {
        println!("{name}: a session of {units} units is drafted");
        let scene = scene::Scene::draft(place, units).await?;
        let measured = measure::measure(&scene, runs, seconds)?;
        for (figure, values) in measured {
            println!(
                "{name}: {figure} {:.4} ({:.4} to {:.4})",
                values.median(),
                values.least(),
                values.most()
            );
            figures.insert(format!("{figure}_{name}"), json!(values.median()));
            spread.insert(format!("{figure}_{name}"), json!([values.least(), values.most()]));
        }
    }
    let cores = std::thread::available_parallelism()?.get();
    println!(
        "{}",
        json!({
            "bench": "registry", "on": format!("{units} units"), "commit": commit, "cores": cores,
            "filesystem": measure::file_system(work)?, "runs": runs, "load": measure::load()?,
            "figures": figures, "spread": spread,
        })
    );
    Ok(())
}
