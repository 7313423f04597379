//! The configurations of `clients/examples`, in the editors they are for.
