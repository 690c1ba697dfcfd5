"""From a question over HTTP to SQL to an answer: parse → plan → SQL → run → shape."""
