//! Artifacts by SHA-256 with their definitions and evidence.
