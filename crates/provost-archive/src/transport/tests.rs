//! What every transport must do, asked of each: the contract.

mod contract;
mod faults;
mod full_disk;
mod scene;
mod whole_mbz;
