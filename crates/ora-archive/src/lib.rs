//! Any reader in, checked archive entries out; and packing.
