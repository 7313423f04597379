//! The Python client, installed with pip into an environment of its own.
