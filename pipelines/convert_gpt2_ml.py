"""Convert a checkpoint of GPT2_ML (imcaspar/gpt2-ml) to a folder that pipeline("text-generation") loads (post 7292).

    python pipelines/convert_gpt2_ml.py model.ckpt-220000 --vocab clue-vocab.txt --out gpt2-ml    # needs zhnlp[tensorflow]
    python pipelines/convert_gpt2_ml.py variables.npz --vocab bert-base-chinese-vocab.txt --out gpt2-ml
    zhnlp generate 今天天气 --model gpt2-ml --top-p 0.95 --top-k 0 --temperature 1 --stop 。

The .npz holds TensorFlow's names and arrays; where TensorFlow is installed, and zhnlp is not, it is made by

    reader = tf.train.load_checkpoint("model.ckpt-220000")
    numpy.savez("variables.npz", **{name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()})

1.5 thousand million weights take 6 GB in float32, which is held twice for a moment; --dtype float16 halves the folder.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path


def main() -> None:
    """Read, convert, write, and load what was written."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkpoint", help="an .npz, or prefix, file or folder of a TensorFlow checkpoint")
    parser.add_argument(
        "--vocab", type=Path, required=True, help="vocab.txt that the checkpoint was trained with"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the model")
    parser.add_argument("--heads", type=int, help="attention heads; default: of 64 features each")
    parser.add_argument("--dtype", choices=["float32", "float16", "bfloat16"], default="float32")
    options = parser.parse_args()
    print(json.dumps(convert_folder(options), ensure_ascii=False))


def convert_folder(options: argparse.Namespace) -> dict[str, object]:
    """Write the folder; what is in it."""
    from zhnlp import tokenizers
    from zhnlp.models.gpt2_ml_conversion import convert, read_variables
    from zhnlp.models.loading import dtype_of, load_model

    tokenizer = tokenizers.load(options.vocab, check=False)
    model = convert(read_variables(options.checkpoint), num_attention_heads=options.heads)
    tokenizers.repair(tokenizer, model)
    tokenizers.check(tokenizer, model, name=str(options.vocab))
    model.to(dtype_of(options.dtype)).save_pretrained(options.out)
    tokenizer.save_pretrained(options.out)
    sizes = model.config
    del model
    again = load_model(options.out, "causal-lm", device="cpu", dtype="auto")
    return {
        "folder": str(options.out),
        "weights": sum(weight.numel() for weight in again.parameters()),
        "layers": sizes.num_hidden_layers,
        "hidden": sizes.hidden_size,
        "vocabulary": sizes.vocab_size,
    }


if __name__ == "__main__":
    main()
