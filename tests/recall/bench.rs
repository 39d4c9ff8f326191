//! Definition recall at 1k, 2k, 4k and 8k tokens, compiler gold, with baselines beside it: the table that README quotes.
//!
//! `cargo bench -p aiex-recall [-- NAME… OPTIONS]`, where `--help` lists the options (Linux; a few minutes for each
//! repository, and the first time as long as fetching and indexing take).
//!
//! Needs the network for what is not under `target/recall` yet. Rust's gold needs rust-analyzer (on the PATH, rustup's, or
//! by `AIEX_RECALL_RUST_ANALYZER`; else it is built) and the component `rust-src`; Elixir's needs `elixir` and `apt-get`.
//! `AIEX_RECALL_PYTHON` names a Python with `aider-chat`, for its map on the first 20 tasks.

mod features;

use std::{
    collections::HashMap,
    error::Error,
    fs,
    io::BufWriter,
    path::{Path, PathBuf},
};

use aiex_recall::{
    aider,
    baselines::{self, Baselines},
    budgets, index, pack,
    repositories::{self, Listed},
    score::{Sources, score},
    show,
    sources::{self, Source},
    table::{BUDGETS, Method, section},
    task::{Repository, Task, masked},
};
use aiex_tests::binary::{Home, aiex};

const AIDER_TASKS: usize = 20;

const HELP: &str = "\
cargo bench -p aiex-recall [-- NAME… OPTIONS]: definition recall on the repositories named, or on all

  --tasks N          the first N tasks of each repository
  --gold FOLDER      tasks from FOLDER/NAME.json instead of those that are made
  --aiex BINARY      another binary than the one that is built here
  --no-baselines     measure Aiex alone
  --no-aiex          measure the baselines alone
  --only-gold        make the tasks, and measure nothing
  --show N           print N packs of each repository as a person reads them, always the same ones, and measure nothing
  --intents A,B      the intents of those packs; else explain
  --budgets N        ask N random questions (place, intent, budget, model) of each repository, and count the prompts
                     that have more tokens than their budgets
  --features FILE    write what ranking weighs for each task to FILE, for fit.py, which fits ranking's trees to it: name
                     the repositories that may be tuned on
";

#[derive(Default)]
struct Options {
    names: Vec<String>,
    tasks: Option<usize>,
    gold: Option<PathBuf>,
    aiex: Option<PathBuf>,
    no_baselines: bool,
    no_aiex: bool,
    only_gold: bool,
    show: Option<usize>,
    intents: Vec<String>,
    budgets: Option<usize>,
    features: Option<PathBuf>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut options = Options::default();
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--tasks" => options.tasks = Some(arguments.next().ok_or("--tasks takes a number")?.parse()?),
            "--gold" => options.gold = Some(arguments.next().ok_or("--gold takes a folder")?.into()),
            "--aiex" => options.aiex = Some(fs::canonicalize(arguments.next().ok_or("--aiex takes a binary")?)?),
            "--help" => {
                print!("{HELP}");
                return Ok(());
            }
            "--show" => options.show = Some(arguments.next().ok_or("--show takes a number")?.parse()?),
            "--intents" => {
                let intents = arguments.next().ok_or("--intents takes names")?;
                options.intents = intents.split(',').map(str::to_owned).collect();
            }
            "--budgets" => options.budgets = Some(arguments.next().ok_or("--budgets takes a number")?.parse()?),
            "--features" => options.features = Some(arguments.next().ok_or("--features takes a file")?.into()),
            "--no-baselines" => options.no_baselines = true,
            "--no-aiex" => options.no_aiex = true,
            "--only-gold" => options.only_gold = true,
            name if name.starts_with("--") => return Err(format!("no option {name}").into()),
            name => options.names.push(name.to_owned()),
        }
    }
    let own = std::env::current_exe()?;
    let cache = own.ancestors().nth(3).ok_or("the benchmark runs from target/PROFILE/deps")?.join("recall");
    let mut features = match &options.features {
        Some(file) => Some(BufWriter::new(fs::File::create(file)?)),
        None => None,
    };
    if let Some(out) = &mut features {
        features::begin(out)?;
    }
    for (number, (repository, tuned_on)) in (0..).zip(repositories(&cache, &options)?) {
        match repository {
            Ok(mut repository) => {
                repository.tasks.truncate(options.tasks.unwrap_or(usize::MAX));
                if options.show.is_some() || options.budgets.is_some() {
                    look(&repository, &options)?;
                } else if let Some(out) = &mut features {
                    features::write(out, number, &repository)?;
                } else if options.only_gold {
                    println!("{}: {} tasks, {}", repository.name, repository.tasks.len(), repository.root);
                } else {
                    println!("{}", section(&repository, tuned_on, &measure(&repository, &options)?));
                }
            }
            Err(error) => eprintln!("{error}"),
        }
    }
    Ok(())
}

/// What `--show` and `--budgets` ask for.
fn look(repository: &Repository, options: &Options) -> Result<(), Box<dyn Error>> {
    let root = Path::new(&repository.root);
    let workspace = tempfile::tempdir()?;
    index::copy_tree(root, workspace.path())?;
    let binary = options.aiex.as_deref().unwrap_or_else(|| aiex());
    if let Some(count) = options.show {
        let explain = ["explain".to_owned()];
        for intent in if options.intents.is_empty() { &explain[..] } else { &options.intents } {
            println!("{}", show::show(binary, workspace.path(), repository, intent, count));
        }
    }
    if let Some(count) = options.budgets {
        let ending = if repository.language == "rust" { ".rs" } else { ".ex" };
        let home = Home::default().with_binary(binary);
        let found = budgets::budgets(&home, workspace.path(), &sources::read(root, ending), count);
        println!("{}: {found:?}", repository.name);
    }
    Ok(())
}

type Found = (Result<Repository, String>, bool);

/// Each as it is asked for, so that the first is measured before the next is fetched.
fn repositories<'a>(
    cache: &'a Path,
    options: &'a Options,
) -> Result<Box<dyn Iterator<Item = Found> + 'a>, Box<dyn Error>> {
    let Some(folder) = &options.gold else {
        let listed = repositories::chosen(&options.names)?;
        let make = |one: Listed| {
            (index::repository(cache, &one).map_err(|error| format!("{}: {error}", one.name)), one.tuned_on)
        };
        return Ok(Box::new(listed.into_iter().map(make)));
    };
    let read = move |name: &'a String| {
        let text = fs::read(folder.join(format!("{name}.json"))).map_err(|error| format!("{name}: {error}"));
        (text.and_then(|text| serde_json::from_slice(&text).map_err(|error| format!("{name}: {error}"))), false)
    };
    Ok(Box::new(options.names.iter().map(read)))
}

fn measure(repository: &Repository, options: &Options) -> Result<Vec<Method>, Box<dyn Error>> {
    let root = Path::new(&repository.root);
    let ending = if repository.language == "rust" { ".rs" } else { ".ex" };
    let read = sources::read(root, ending);
    let by_path: Sources = read.iter().map(|source| (source.path.as_str(), source)).collect();
    let tasks: Vec<(&Task, &Source)> =
        repository.tasks.iter().filter_map(|task| Some((task, *by_path.get(task.path.as_str())?))).collect();
    let workspace = tempfile::tempdir()?;
    index::copy_tree(root, workspace.path())?;
    let mut methods = Vec::new();
    if !options.no_aiex {
        let binary = options.aiex.as_deref().unwrap_or_else(|| aiex());
        methods.push(ours(binary, workspace.path(), &by_path, &tasks)?);
    }
    if !options.no_baselines {
        methods.extend(others(&repository.language, &read, &by_path, &tasks));
        methods.extend(aiders(workspace.path(), &by_path, &tasks).unwrap_or_else(|error| {
            eprintln!("{error}");
            None
        }));
    }
    Ok(methods)
}

fn ours(
    binary: &Path,
    workspace: &Path,
    by_path: &Sources,
    tasks: &[(&Task, &Source)],
) -> Result<Method, Box<dyn Error>> {
    let home = Home::default();
    let mut method = Method { name: "**aiex**".to_owned(), ..Method::default() };
    let mut refused: HashMap<String, usize> = HashMap::new();
    for (index, (task, source)) in tasks.iter().enumerate() {
        let path = workspace.join(&task.path);
        fs::write(&path, masked(&source.text, task))?;
        for (scores, budget) in method.scores.iter_mut().zip(BUDGETS) {
            let pack = pack::ask(binary, &home, workspace, task, budget).unwrap_or_else(|error| {
                *refused.entry(error).or_default() += 1;
                Default::default()
            });
            scores.push((index, score(by_path, task, &pack)));
        }
        fs::write(&path, &source.text)?;
    }
    for (error, times) in refused {
        eprintln!("{times} times: {error}");
    }
    Ok(method)
}

fn others(language: &str, read: &[Source], by_path: &Sources, tasks: &[(&Task, &Source)]) -> Vec<Method> {
    let baselines = Baselines::new(language, read);
    let mut methods = baselines::NAMES.map(|name| Method { name: name.to_owned(), ..Method::default() });
    for (index, (task, source)) in tasks.iter().enumerate() {
        let own = Source::new(source.path.clone(), masked(&source.text, task));
        for (at, budget) in BUDGETS.into_iter().enumerate() {
            for (method, pack) in methods.iter_mut().zip(baselines.packs(task, &own, budget)) {
                method.scores[at].push((index, score(by_path, task, &pack)));
            }
        }
    }
    methods.into()
}

fn aiders(workspace: &Path, by_path: &Sources, tasks: &[(&Task, &Source)]) -> Result<Option<Method>, Box<dyn Error>> {
    let some: Vec<(&Task, &Source)> = tasks.iter().copied().take(AIDER_TASKS).collect();
    let Some(maps) = aider::maps(workspace, &some, &BUDGETS)? else { return Ok(None) };
    let mut method = Method { name: format!("aider's map ({} tasks)", some.len()), ..Method::default() };
    for (index, (maps, (task, _))) in maps.iter().zip(&some).enumerate() {
        for (scores, budget) in method.scores.iter_mut().zip(BUDGETS) {
            if let Some(pack) = maps.get(&budget) {
                scores.push((index, score(by_path, task, pack)));
            }
        }
    }
    Ok(Some(method))
}
