//! `verdict demo --all`

use crate::{
    error::CliError,
    report::{
        meter::Meter,
        output::{Output, Report, Table, count, seconds},
    },
};
use serde::Serialize;
use verdict_chain::Fork;
use verdict_stories::{STORIES, Story};

/// An array in JSON.
#[derive(Serialize)]
#[serde(transparent)]
struct Stories(Vec<Story>);

/// Tells every consumer's story.
pub(crate) fn run(fork: Fork, output: &Output) -> Result<(), CliError> {
    let meter = Meter::new(output);
    let mut stories = Vec::new();
    for teller in STORIES {
        meter.begin(teller.kind.name);
        stories.push((teller.tell)(fork)?);
    }
    meter.end();
    drop(meter);
    let wrong: Vec<String> = stories
        .iter()
        .filter(|story| !story.ok)
        .map(|story| {
            let taken = story.rejected.iter().filter(|attempt| !attempt.ok);
            let taken: Vec<&str> = taken.map(|attempt| attempt.attempt.as_str()).collect();
            format!("{}: {}", story.consumer, taken.join(", "))
        })
        .collect();
    output.emit(&Stories(stories))?;
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(CliError::Rejected(format!(
            "not everything was refused as it must be: {}",
            wrong.join("; ")
        )))
    }
}

impl Report for Stories {
    fn text(&self) -> String {
        let mut table = Table::new(&[
            "consumer",
            "ok",
            "gas",
            "verification alone",
            "refused",
            "proofs",
            "k",
            "time",
        ]);
        let mut details = String::new();
        for story in &self.0 {
            table.row([
                story.consumer.to_string(),
                if story.ok { "yes" } else { "NO" }.into(),
                count(story.gas),
                count(story.gas_verification),
                format!(
                    "{} of {}",
                    story.rejected.iter().filter(|it| it.ok).count(),
                    story.rejected.len()
                ),
                story.proofs.to_string(),
                story.k.to_string(),
                seconds(story.seconds),
            ]);
            details += &format!("\n{}: {}\n", story.consumer, story.summary);
            for attempt in &story.rejected {
                let error = attempt.error.as_deref().unwrap_or("TAKEN");
                // Its arguments are in the JSON.
                let name = error.split([' ', '(']).next().unwrap_or(error);
                details += &format!("  {} → {name}\n", attempt.attempt);
            }
        }
        format!(
            "{}Gas is of the transaction that carries the proof. Under the INSECURE development set-up.\n{details}",
            table.render()
        )
    }
}
