//! Times stages, reads their peak memory, and shows which one runs.

use super::memory::{peak_rss, reset_peak};
use crate::report::output::{Output, Table, maybe_mebibytes, seconds};
use indicatif::{ProgressBar, ProgressStyle};
use serde::{Deserialize, Serialize};
use std::{
    cell::RefCell,
    io::IsTerminal,
    sync::mpsc::{RecvTimeoutError, Sender, channel},
    thread,
    time::{Duration, Instant},
};
use verdict_engine::Stage;

/// What a stage cost.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StageCost {
    pub(crate) stage: String,
    pub(crate) seconds: f64,
    /// Processor time of all threads; `None` off Linux.
    pub(crate) cpu_seconds: Option<f64>,
    /// The process's high-water mark during the stage; `None` off Linux.
    pub(crate) peak_rss_bytes: Option<u64>,
}

/// Time and peak memory by stage.
pub(crate) fn stage_table(stages: &[StageCost]) -> String {
    let mut table = Table::new(&["stage", "time", "peak memory"]);
    for stage in stages {
        table.row([
            stage.stage.clone(),
            seconds(stage.seconds),
            maybe_mebibytes(stage.peak_rss_bytes),
        ]);
    }
    table.render()
}

struct Running {
    stage: String,
    since: Instant,
    cpu: Option<f64>,
}

/// A stage that takes longer says so this often, where there is no terminal for a spinner.
const SILENCE: Duration = Duration::from_secs(30);

/// Says now and then that a stage still runs, and with which of the steps that it is sent, until
/// what is returned is dropped.
fn tell(output: Output, stage: String) -> Sender<String> {
    let (running, told) = channel();
    thread::spawn(move || {
        let since = Instant::now();
        let (mut step, mut said) = (String::new(), since);
        loop {
            match told.recv_timeout(SILENCE.saturating_sub(said.elapsed())) {
                Ok(next) => step = format!(", {next}"),
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    said = Instant::now();
                    output.note(&format!("{stage}: {} s{step}", since.elapsed().as_secs()));
                }
            }
        }
    });
    running
}

/// Collects stages; beginning one ends the one before.
pub(crate) struct Meter {
    bar: ProgressBar,
    /// Where long stages are told of, if not by the spinner.
    told: Option<Output>,
    teller: RefCell<Option<Sender<String>>>,
    running: RefCell<Option<Running>>,
    stages: RefCell<Vec<StageCost>>,
}

impl Meter {
    /// A meter with a spinner, unless stderr is no terminal or JSON is printed.
    pub(crate) fn new(output: &Output) -> Self {
        let bar = if output.json() || !std::io::stderr().is_terminal() {
            ProgressBar::hidden()
        } else {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        };
        Self {
            told: (bar.is_hidden() && !output.json()).then_some(*output),
            teller: RefCell::default(),
            bar,
            running: RefCell::default(),
            stages: RefCell::default(),
        }
    }

    /// Begins a stage.
    pub(crate) fn begin(&self, stage: impl Into<String>) {
        self.end();
        let stage = stage.into();
        self.bar.set_message(stage.clone());
        self.bar.reset_elapsed();
        *self.teller.borrow_mut() = self.told.map(|output| tell(output, stage.clone()));
        reset_peak();
        *self.running.borrow_mut() = Some(Running {
            stage,
            since: Instant::now(),
            cpu: cpu_seconds(),
        });
    }

    /// Says with what the running stage goes on.
    pub(crate) fn step(&self, step: &str) {
        if let Some(teller) = &*self.teller.borrow() {
            // Who has ended tells nobody.
            let _ = teller.send(step.to_owned());
        }
        if let Some(running) = &*self.running.borrow() {
            self.bar.set_message(format!("{}: {step}", running.stage));
        }
    }

    /// Begins one of the engine's stages.
    pub(crate) fn engine(&self, stage: Stage) {
        self.begin(stage.name());
    }

    /// Ends the running stage.
    pub(crate) fn end(&self) {
        self.teller.borrow_mut().take();
        let Some(Running { stage, since, cpu }) = self.running.borrow_mut().take() else {
            return;
        };
        self.stages.borrow_mut().push(StageCost {
            stage,
            seconds: since.elapsed().as_secs_f64(),
            cpu_seconds: cpu_seconds().zip(cpu).map(|(now, then)| now - then),
            peak_rss_bytes: peak_rss(),
        });
    }

    /// Ends the running stage and hands over everything since the last call.
    pub(crate) fn take(&self) -> Vec<StageCost> {
        self.end();
        std::mem::take(&mut *self.stages.borrow_mut())
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// User and system time of this process. The kernel counts it in hundredths of a second.
fn cpu_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The command's name, in parentheses, may hold anything.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |index: usize| fields.get(index)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / 100.0)
}
