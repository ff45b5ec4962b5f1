"""New inputs of a trained model: files in, batches out."""
