"""GSM8K-like and OlympiadBench-like records as Parquet, for problems.test.ts beside it. Needs pyarrow (26.0.1 made them).

Usage: python make_parquet.py
"""

import pathlib

import pyarrow as pa
import pyarrow.parquet as pq

here = pathlib.Path(__file__).parent
gsm8k = pa.table({"question": ["1+1?", "2+3?"], "answer": ["One and one.\n#### 2", "#### 5"], "idx": pa.array([0, 2**40], pa.int64())})
pq.write_table(gsm8k, here / "gsm8k.zstd.parquet", compression="zstd")
olympiad = pa.table({"id": pa.array([7, 8], pa.int32()), "question": ["q", "r"], "context": [None, "Let."], "final_answer": [["$2$", "$3$"], ["x"]]})
pq.write_table(olympiad, here / "olympiad.snappy.parquet", compression="snappy")
