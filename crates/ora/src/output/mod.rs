//! The screen. Nothing else writes to the terminal: stdout is data, stderr is conversation.
//!
//! Text comes here as it is and leaves escaped: whatever goes through a [`Line`], a [`Table`], an excerpt or a bar cannot
//! move the cursor, hide or reorder anything.

pub mod bars;
pub mod excerpt;
pub mod json;
pub mod line;
pub mod printer;
pub mod progress;
pub mod table;

pub use line::{Line, Palette};
pub use printer::{Look, Printer, Question, Verbosity, archive_output};
pub use progress::bytes as size;
pub use table::Table;
