//! Progress on a terminal: stage, count, time left. Silent when nobody watches.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Shows one stage after another.
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    pub fn new() -> Self {
        // indicatif hides the target itself when standard error is no terminal
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        // until the first stage is named, an empty line rather than a bar of nothing
        bar.set_style(spinner());
        bar.enable_steady_tick(Duration::from_millis(120));
        Self { bar }
    }

    pub fn silent() -> Self {
        Self { bar: ProgressBar::hidden() }
    }

    /// A stage of unknown length.
    pub fn stage(&self, name: &'static str) {
        self.bar.unset_length();
        self.bar.set_position(0);
        self.bar.set_style(spinner());
        self.bar.set_message(name);
    }

    /// A stage of `n` pieces.
    pub fn count(&self, name: &'static str, n: usize) {
        self.bar.reset();
        self.bar.set_length(n as u64);
        let style = ProgressStyle::with_template("{msg} [{bar:24}] {pos}/{len}　残り {eta}");
        self.bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("■□ "));
        self.bar.set_message(name);
    }

    pub fn step(&self) {
        self.bar.inc(1);
    }

    pub fn done(&self) {
        self.bar.finish_and_clear();
    }
}

fn spinner() -> ProgressStyle {
    ProgressStyle::with_template("{spinner} {msg}").unwrap_or_else(|_| ProgressStyle::default_spinner())
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}
