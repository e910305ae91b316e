//! One file per verb; obtains, verifies and installs through the crates below.
