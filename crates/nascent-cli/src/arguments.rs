use clap::{Args, Parser, Subcommand, ValueEnum};
use nascent::data::{Answering, Bytes, Input, Options, SplitRule, Tokens};
use nascent::train::Method;
use nascent::{Budget, Estimator, Memory, Precision, Share, Size, StopWhen, TaughtBy};
use std::path::PathBuf;

/// Finds, trains, proves and exports a neural network for your data and your limits.
#[derive(Parser)]
#[command(name = "nascent", version, max_term_width = 100)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Search an architecture for a task.
    Search(Box<Search>),
    /// Continue a study that stopped, or extend one that ended.
    Resume(Resume),
    /// Say what a search would do with data, and what looks wrong with them.
    Inspect(Box<Inspect>),
    /// Show the trials of a study, or one of them.
    Show(Show),
    /// Write report.html anew.
    Report(Run),
    /// Ask a finished study's network about raw input.
    Predict(Predict),
    /// Continue a text with a finished study's network.
    Generate(Generate),
    /// Write a study's network for other programs.
    Export(Export),
    /// Write a study's network smaller, and judge it beside the one it is made of: in whole numbers of eight bits, without channels that
    /// matter little, or both.
    Compress(Compress),
    /// Put studies side by side.
    Compare(Compare),
    /// List what there is.
    List(List),
    /// Count, sample or draw a search space.
    Space(Space),
    /// Score networks without training them.
    Score(Box<Score>),
    /// Measure how well predictors guess results, on tables and on studies.
    Predictors(Predictors),
    /// Compare strategies on benchmark tables, in simulated time.
    Bench(Box<Bench>),
    /// Measure machines, and predict new ones from a few measurements.
    #[command(subcommand)]
    Device(Device),
    /// Work on trials that come on standard input (used by search).
    #[command(hide = true)]
    Worker,
}

#[derive(Args)]
pub struct Search {
    /// A built-in task, a path to data, or a study.toml.
    pub task: String,
    #[command(flatten)]
    pub data: Data,
    /// The search space: a name, or a space file.
    #[arg(long)]
    pub space: Option<String>,
    /// The strategy, such as 'evolution:population=20'; auto, the default, chooses one that suits the study.
    #[arg(long)]
    pub strategy: Option<String>,
    /// How networks are estimated in the search: full, early, scores, supernet or auto.
    #[arg(long)]
    pub estimator: Option<Estimator>,
    /// When a trial of the search is ended early, such as 'p(better than incumbent) < 0.05'.
    #[arg(long, value_name = "CONDITION")]
    pub stop_when: Option<StopWhen>,
    /// How networks are trained in one, such as spos or darts; `nascent list supernets` lists the ways.
    #[arg(long, value_name = "METHOD")]
    pub supernet: Option<Method>,
    /// For how many epochs.
    #[arg(long, value_name = "EPOCHS")]
    pub supernet_epochs: Option<u32>,
    /// Networks that a strategy makes out of others begin with the weights of those.
    #[arg(long)]
    pub inherit: bool,
    /// An earlier run in the same space, whose best networks are tried first.
    #[arg(long, value_name = "RUN")]
    pub warm_start: Option<String>,
    /// A metric to optimise; repeat it for several.
    #[arg(long = "objective", value_name = "METRIC")]
    pub objectives: Vec<String>,
    /// What is recommended of several objectives' networks: knee, or 'accuracy=3, params=1', or 'accuracy>=0.95, params<=20k'.
    #[arg(long, value_name = "PREFERENCE")]
    pub prefer: Option<String>,
    /// A limit, such as 'params<=20000'; all given ones must hold.
    #[arg(long = "limit", value_name = "LIMIT")]
    pub limits: Vec<String>,
    /// One search, a network for each of these sizes, in parameters at most, such as 200k,500k,1M.
    #[arg(long, value_name = "SIZES", value_delimiter = ',')]
    pub sizes: Vec<Size>,
    /// Trials of the search.
    #[arg(long)]
    pub trials: Option<u64>,
    /// Wall time for everything, such as 10m.
    #[arg(long)]
    pub budget: Option<Budget>,
    /// The most epochs of one training.
    #[arg(long)]
    pub epochs: Option<u32>,
    /// The most epochs of the networks that are handed over.
    #[arg(long, value_name = "EPOCHS")]
    pub final_epochs: Option<u32>,
    /// On how many cuts of training and validation rows each network is trained in the search.
    #[arg(long)]
    pub folds: Option<u32>,
    /// Examples a training step.
    #[arg(long)]
    pub batch_size: Option<usize>,
    /// Worker processes; one for each core unless given.
    #[arg(long)]
    pub workers: Option<usize>,
    /// The most memory of one worker, such as 512MiB.
    #[arg(long)]
    pub memory_per_trial: Option<Memory>,
    /// A device's file, whose latencies can then be objectives and limits, such as 'latency_ms@my-laptop<=5'; repeat it for
    /// several.
    #[arg(long = "device-file", value_name = "FILE")]
    pub device_files: Vec<String>,
    /// The study's seed.
    #[arg(long)]
    pub seed: Option<u64>,
    /// The run folder; runs/TASK-N unless given. Nothing may be there.
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// A yardstick: tuned-reference, reference, random, boosted-trees or none; repeat it for several.
    #[arg(long = "baseline", value_name = "NAME")]
    pub baselines: Vec<String>,
    /// Print one event a line as JSON.
    #[arg(long)]
    pub json: bool,
    /// Check everything and say what would be done.
    #[arg(long)]
    pub dry_run: bool,
}

/// What is said about data; everything left out is inferred.
#[derive(Args)]
#[command(next_help_heading = "Data")]
pub struct Data {
    /// A file of test rows.
    #[arg(long, value_name = "PATH")]
    pub test: Option<PathBuf>,
    /// The column to answer: a name, first, last, or its number from 0.
    #[arg(long, value_name = "COLUMN")]
    pub target: Option<String>,
    /// The first row of the table has the columns' names.
    #[arg(long, overrides_with = "no_header")]
    pub header: bool,
    /// The first row of the table is data.
    #[arg(long)]
    pub no_header: bool,
    /// What separates the fields of the table: one character, or tab.
    #[arg(long, value_name = "CHARACTER")]
    pub delimiter: Option<String>,
    /// A column to read as text; repeat it for several.
    #[arg(long, value_name = "COLUMN")]
    pub text: Vec<String>,
    /// What the inputs are: image, table, series or text.
    #[arg(long)]
    pub kind: Option<Input>,
    /// What is answered: classification, regression, or modelling, which is what follows in running text.
    #[arg(long = "task", value_name = "TASK")]
    pub answering: Option<Answering>,
    /// How the test part is cut: stratified, time, every:5 or mask:FILE:COLUMN.
    #[arg(long, value_name = "RULE")]
    pub split: Option<SplitRule>,
    /// What decides which rows are in which part.
    #[arg(long, value_name = "SEED")]
    pub split_seed: Option<u64>,
    /// A column whose rows of equal value stay in one part.
    #[arg(long, value_name = "COLUMN")]
    pub group: Option<String>,
    /// A column that is no input; repeat it for several.
    #[arg(long, value_name = "COLUMN")]
    pub ignore: Vec<String>,
    /// A column of numbers that are categories; repeat it for several.
    #[arg(long = "category", value_name = "COLUMN")]
    pub categories: Vec<String>,
    /// A word that stands for a missing value, besides the usual ones; repeat it for several.
    #[arg(long, value_name = "WORD")]
    pub missing: Vec<String>,
    /// The most rows for training and validation together.
    #[arg(long, value_name = "N")]
    pub train_rows: Option<usize>,
    /// The number of steps that every series is brought to.
    #[arg(long, value_name = "STEPS")]
    pub resample: Option<usize>,
    /// The height and width in pixels that every picture is brought to, such as 32x32.
    #[arg(long, value_name = "HEIGHTxWIDTH", value_parser = image_size)]
    pub image_size: Option<[usize; 2]>,
    /// What texts are cut into: words or bpe; running text, characters or bpe.
    #[arg(long)]
    pub tokens: Option<Tokens>,
    /// Tokens of running text that a network sees at once.
    #[arg(long, value_name = "TOKENS")]
    pub context: Option<usize>,
    /// Mirrored pictures show the same thing.
    #[arg(long)]
    pub flip: bool,
    /// Leave broken pictures out.
    #[arg(long)]
    pub skip_broken: bool,
    /// The most memory for all inputs, such as 2GiB: larger ones of Parquet tables and folders of pictures are kept in a file.
    #[arg(long, value_name = "SIZE")]
    pub data_memory: Option<Bytes>,
    /// The folder for that file.
    #[arg(long, value_name = "FOLDER")]
    pub data_folder: Option<PathBuf>,
}

fn image_size(text: &str) -> Result<[usize; 2], String> {
    let sides =
        text.split_once(['x', '×']).and_then(|(h, w)| Some([h.trim().parse().ok()?, w.trim().parse().ok()?]));
    sides.ok_or_else(|| "give the height and the width in pixels, such as 32x32".into())
}

impl Data {
    /// Lays what was given over what a study file says.
    pub fn lay_over(&self, options: &mut Options) {
        fn lay<T: Clone>(given: &Option<T>, over: &mut Option<T>) {
            if given.is_some() {
                over.clone_from(given);
            }
        }
        lay(&self.test, &mut options.test);
        lay(&self.target, &mut options.target);
        lay(&self.delimiter, &mut options.delimiter);
        lay(&self.kind, &mut options.kind);
        lay(&self.answering, &mut options.task);
        lay(&self.split, &mut options.split);
        lay(&self.group, &mut options.group);
        lay(&self.train_rows, &mut options.train_rows);
        lay(&self.resample, &mut options.resample);
        lay(&self.image_size, &mut options.image_size);
        lay(&self.tokens, &mut options.tokens);
        lay(&self.context, &mut options.context);
        lay(&self.data_memory, &mut options.memory);
        lay(&self.data_folder, &mut options.folder);
        options.split_seed = self.split_seed.unwrap_or(options.split_seed);
        if self.header || self.no_header {
            options.header = Some(self.header);
        }
        options.flip |= self.flip;
        options.skip_broken |= self.skip_broken;
        for (given, over) in [
            (&self.text, &mut options.text),
            (&self.ignore, &mut options.ignore),
            (&self.categories, &mut options.categories),
            (&self.missing, &mut options.missing),
        ] {
            if !given.is_empty() {
                over.clone_from(given);
            }
        }
    }
}

#[derive(Args)]
pub struct Inspect {
    /// A path to data.
    pub path: PathBuf,
    #[command(flatten)]
    pub data: Data,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct Resume {
    /// The run folder.
    pub run: PathBuf,
    /// The new total of search trials.
    #[arg(long)]
    pub trials: Option<u64>,
    /// The new wall time for everything.
    #[arg(long)]
    pub budget: Option<Budget>,
    /// Print one event a line as JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct Show {
    /// The run folder.
    pub run: PathBuf,
    /// A trial's number.
    pub trial: Option<u32>,
    /// Only trials of which this holds, such as 'params<=20000'; repeat it: all must hold.
    #[arg(long = "where", value_name = "CONDITION", conflicts_with = "trial")]
    pub conditions: Vec<String>,
    /// Only the trial that is best by this metric.
    #[arg(long, value_name = "METRIC", conflicts_with = "trial")]
    pub best: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct Run {
    /// The run folder.
    pub run: PathBuf,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct Predict {
    /// The run folder.
    pub run: PathBuf,
    /// Files or folders of raw input: rows, series, texts or pictures; - reads standard input.
    #[arg(required = true)]
    pub inputs: Vec<PathBuf>,
    /// Write the answers to this file as comma-separated values.
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// The size whose network it is, where the study found one for each of several sizes.
    #[arg(long)]
    pub size: Option<Size>,
    /// Scale pictures of another size.
    #[arg(long)]
    pub resize: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct Generate {
    /// The run folder of a study of running text.
    pub run: PathBuf,
    /// What the text begins with; a line's end unless given.
    #[arg(long, default_value = "")]
    pub prompt: String,
    /// Tokens to be drawn.
    #[arg(long, default_value_t = 200)]
    pub tokens: usize,
    /// Below 1, what is likely becomes likelier; at 0, the likeliest token is taken each time.
    #[arg(long, default_value_t = 0.8)]
    pub temperature: f64,
    /// Draw only from the likeliest tokens that have this probability together.
    #[arg(long, value_name = "SHARE", default_value_t = 0.95)]
    pub top_p: f64,
    /// What decides which tokens are drawn.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// The size whose network it is, where the study found one for each of several sizes.
    #[arg(long)]
    pub size: Option<Size>,
}

/// Which network of a study, and where the files go that are made of it.
#[derive(Args)]
pub struct Pick {
    /// The run folder.
    run: PathBuf,
    /// A trial's number; the best network unless given.
    trial: Option<u32>,
    /// The size whose network it is, where the study found one for each of several sizes.
    #[arg(long)]
    size: Option<Size>,
    /// The file where there is one, else the folder; below RUN/export unless given. Nothing may be there.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Train the network first where it has no weights.
    #[arg(long)]
    train: bool,
}

impl From<Pick> for nascent::Pick {
    fn from(Pick { run, trial, size, out, train }: Pick) -> Self {
        Self { run, trial, size, out, train }
    }
}

#[derive(Args)]
pub struct Export {
    #[command(flatten)]
    pub network: Pick,
    /// The format: onnx, safetensors or pytorch; `nascent list exporters` lists them.
    #[arg(long, value_name = "FORMAT", default_value = "onnx")]
    pub to: String,
    /// Of a network that continues text, write step.onnx too: it reads some tokens at a time and keeps what it needs of those before.
    #[arg(long)]
    pub cache: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct Compress {
    #[command(flatten)]
    pub network: Pick,
    /// How much of the network's parameters to take away first, such as 50%: whole channels, those that matter least.
    #[arg(long, value_name = "SHARE")]
    pub prune: Option<Share>,
    /// Epochs for which the network is trained on; where something was pruned or teaches, half of those of a handed-over network unless
    /// given.
    #[arg(long, value_name = "EPOCHS")]
    pub tune_epochs: Option<u32>,
    /// Who teaches it then besides the right answers: itself (as it was before, the default where something was pruned), best, a trial's
    /// number, or none.
    #[arg(long, value_name = "WHO")]
    pub teacher: Option<TaughtBy>,
    /// What its numbers are written as: int8, or float32 where a smaller network is all that is wanted.
    #[arg(long, value_name = "FORM", default_value = "int8")]
    pub numbers: Precision,
    /// How many training rows the ranges of values are taken from for int8, 256 unless given.
    #[arg(long, value_name = "N")]
    pub rows: Option<usize>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct Compare {
    /// Run folders.
    #[arg(required = true, num_args = 2..)]
    pub runs: Vec<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum What {
    Tasks,
    Spaces,
    Strategies,
    Objectives,
    Scores,
    Predictors,
    Supernets,
    Exporters,
}

#[derive(Args)]
pub struct List {
    /// What to list.
    pub what: What,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct Space {
    /// A space's name, or a space file.
    pub space: String,
    /// The task whose inputs it is for.
    #[arg(long, default_value = "digits")]
    pub task: String,
    /// Only count its networks.
    #[arg(long)]
    pub count: bool,
    /// Sample so many networks.
    #[arg(long, value_name = "N")]
    pub sample: Option<usize>,
    /// The seed of the sample.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Draw the reference network, or the sampled ones.
    #[arg(long)]
    pub draw: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct Score {
    /// A built-in task, or a path to data.
    pub task: String,
    #[command(flatten)]
    pub data: Data,
    /// The search space: a name, or a space file; the one that suits the data unless given.
    #[arg(long)]
    pub space: Option<String>,
    /// How many different networks to score.
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub samples: usize,
    /// Scores, separated by commas: names, all, or ensemble; `nascent list scores` lists them.
    #[arg(long, value_delimiter = ',', default_value = "ensemble")]
    pub scores: Vec<String>,
    /// What decides the sample, the examples and the weights.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Threads; one for each core unless given.
    #[arg(long)]
    pub threads: Option<usize>,
    /// The file of the table, as comma-separated values; nothing may be there.
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct Predictors {
    /// A table's name or file, several of the same networks, or a run.
    #[arg(required = true)]
    pub sources: Vec<String>,
    /// The column or metric that is guessed; the table's or the study's own objective unless given.
    #[arg(long, value_name = "NAME")]
    pub target: Option<String>,
    /// Columns or metrics that are known without training and of which more is better, such as scores and sizes, separated by
    /// commas.
    #[arg(long, value_delimiter = ',', value_name = "NAME")]
    pub with: Vec<String>,
    /// A predictor, such as gp or gp:paths; repeat it for several. `nascent list predictors` lists them.
    #[arg(long = "predictor", value_name = "PREDICTOR")]
    pub predictors: Vec<String>,
    /// How many networks are learnt from, each size in turn.
    #[arg(long, value_delimiter = ',', default_values_t = [10, 25, 50, 100, 200])]
    pub sizes: Vec<usize>,
    /// How many random samples of networks.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub samples: usize,
    /// What decides the samples.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// The folder of imported tables.
    #[arg(long, default_value = "tables")]
    pub tables: PathBuf,
    /// Threads; one for each core unless given.
    #[arg(long)]
    pub threads: Option<usize>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Bench {
    #[command(subcommand)]
    pub action: Option<BenchAction>,
    /// A protocol, a table's name or file, or a bench.toml; `nascent bench tables` lists them.
    pub what: Option<String>,
    /// A strategy, such as 'evolution:population=30'; repeat it to compare.
    #[arg(long = "strategy", value_name = "STRATEGY")]
    pub strategies: Vec<String>,
    /// Runs of each strategy, each with its own seed.
    #[arg(long)]
    pub runs: Option<u64>,
    /// Queries of a run.
    #[arg(long)]
    pub trials: Option<u64>,
    /// Simulated time of a run instead of trials, such as 12000s.
    #[arg(long)]
    pub budget: Option<Budget>,
    /// The seed from which every run's is made.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Simulated workers of each run.
    #[arg(long)]
    pub workers: Option<usize>,
    /// Count rows of one computation as one query.
    #[arg(long)]
    pub distinct: bool,
    /// Only this case of a protocol; repeat it for several.
    #[arg(long = "case", value_name = "CASE")]
    pub cases: Vec<String>,
    /// A column of a table to optimise; repeat it for two.
    #[arg(long = "objective", value_name = "COLUMN")]
    pub objectives: Vec<String>,
    /// A limit on a column of a table, such as 'latency_ms<=5'.
    #[arg(long = "limit", value_name = "LIMIT")]
    pub limits: Vec<String>,
    /// The column of a table that what was found is judged by.
    #[arg(long, value_name = "COLUMN")]
    pub score: Option<String>,
    /// The column of a table that holds the seconds of a trial.
    #[arg(long, value_name = "COLUMN")]
    pub seconds: Option<String>,
    /// The folder of imported tables.
    #[arg(long, default_value = "tables", global = true)]
    pub tables: PathBuf,
    /// The folder of the results; bench/NAME unless given. The same command continues what is in it.
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// Threads; one for each core unless given.
    #[arg(long)]
    pub threads: Option<usize>,
    /// Print the summary as JSON.
    #[arg(long, global = true)]
    pub json: bool,
}

#[derive(Subcommand)]
pub enum BenchAction {
    /// Make tables from Parquet or CSV files.
    Import {
        /// The files: published tables by their names, or your own with --space.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// A description of your own table in TOML: which columns are decisions.
        #[arg(long, value_name = "FILE")]
        space: Option<PathBuf>,
    },
    /// List tables, with licences and sources, and protocols.
    Tables,
}

#[derive(Subcommand)]
pub enum Device {
    /// Measure this machine, or the one that a command measures on, into a device file.
    Measure(Box<DeviceMeasure>),
    /// Predict devices from ten measurements each, and what published tables know of others.
    Adapt(DeviceAdapt),
}

#[derive(Args)]
pub struct DeviceMeasure {
    /// A built-in task, or a path to data: what the networks read.
    #[arg(default_value = "digits")]
    pub task: String,
    #[command(flatten)]
    pub data: Data,
    /// The search space whose operations are measured; the one that suits the data unless given.
    #[arg(long)]
    pub space: Option<String>,
    /// What runs networks: nascent, or onnxruntime where that is installed.
    #[arg(long, default_value = "nascent")]
    pub runtime: String,
    /// A command that measures on another machine: it gets the path of an ONNX file, last or in place of {}, the examples of a
    /// batch in place of {batch}, and answers milliseconds.
    #[arg(long, value_name = "COMMAND", conflicts_with = "runtime")]
    pub via: Option<String>,
    /// Examples at a time.
    #[arg(long, default_value_t = 1)]
    pub batch: usize,
    /// How long all of it may take.
    #[arg(long, default_value = "60s")]
    pub budget: Budget,
    /// Networks that are measured whole: half fit the predictor, half judge it.
    #[arg(long, default_value_t = 60)]
    pub networks: usize,
    /// What decides which networks.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// The device's name in objectives and limits; the file's name unless given.
    #[arg(long)]
    pub name: Option<String>,
    /// The device file; nothing may be there, unless missing operations are to be added.
    #[arg(long, default_value = "device.toml")]
    pub out: PathBuf,
    /// Add what the device file lacks for this space, instead of making a new one.
    #[arg(long, conflicts_with_all = ["runtime", "via", "batch", "name"])]
    pub measure_missing: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct DeviceAdapt {
    /// The table of latencies, imported before by `nascent bench import`.
    #[arg(default_value = "hwnasbench_nb201")]
    pub table: String,
    /// The folder of imported tables.
    #[arg(long, default_value = "tables")]
    pub tables: PathBuf,
    /// Which latencies: what the columns' names begin with.
    #[arg(long, value_name = "PREFIX", default_value = "c10")]
    pub columns: String,
    /// Measurements of a new device.
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub measurements: usize,
    /// Measure random networks instead of those that tell most.
    #[arg(long)]
    pub random: bool,
    /// How often each device is left out with other measurements.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub draws: u64,
    /// What decides the draws.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Only say which networks to measure on a new device.
    #[arg(long, conflicts_with = "measured")]
    pub choose: bool,
    /// Measurements of a new device: lines of CELL,MILLISECONDS. All its latencies are predicted, to --out.
    #[arg(long, value_name = "FILE", requires = "out")]
    pub measured: Option<PathBuf>,
    /// The file of predictions; nothing may be there.
    #[arg(long, requires = "measured")]
    pub out: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}
