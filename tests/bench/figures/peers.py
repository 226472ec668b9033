# SPDX-License-Identifier: Apache-2.0
"""What the documents call the locks that the benchmarks know by a name."""

# Between threads: those that let the waiting sleep, and the others.
BLOCKING = {
    "fasteners": "libfasteners",
    "pthread": "pthread_rwlock",
    "pthread-writer": "pthread_rwlock, writer first",
    "mutex": "pthread_mutex",
    "nsync": "nsync_mu",
    "absl": "absl::Mutex",
    "boost": "boost::shared_mutex",
    "std": "std::shared_mutex",
    "glib": "GLib GRWLock",
    "rust-std": "Rust std RwLock",
    "parking-lot": "parking_lot (Rust)",
}
NO_LOCKS = {
    "calls": "no lock, two library calls",
    "none": "no lock at all",
}

# Between processes: those that exclude, and those that can be shared.
EXCLUSIVE = {
    "ours": "libfasteners",
    "ours-fair": "libfasteners, fair",
    "ours-polling": "libfasteners, polling",
    "ofd": "raw OFD lock",
    "fcntl": "raw fcntl lock",
    "boost": "Boost file_lock",
    "apr": "APR process mutex",
    "python-fasteners": "Python fasteners",
    "python-filelock": "Python filelock",
    "python-portalocker": "Python portalocker",
}
SHARED = {
    "ours-rw": "libfasteners, readers first",
    "ours-rw-writers": "libfasteners, writers first",
    "ofd": "raw OFD lock",
    "fcntl": "raw fcntl lock",
    "boost": "Boost file_lock",
    "python-fasteners-rw": "Python fasteners",
}


def is_ours(peer):
    return peer.startswith(("ours", "fasteners"))
