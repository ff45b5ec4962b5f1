"""Files of TFRecord: where their records are, and what they contain. TensorFlow is not needed."""
