"""The benchmark's model in PyTorch, as a process that makes training steps when asked.

`python peer.py <request as JSON>` answers every line of standard input that holds a number k with
a line of JSON about k steps. `peer.ts` says what stands in requests and answers.

Three ways to write the encoder count as PyTorch: its own `nn.TransformerEncoder` ("eager"), layers
around `scaled_dot_product_attention` ("sdpa"), and those compiled ("compile").
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SPECIAL_TOKENS = 3
LARGEST_VALUE = 512.0
GENE_TABLE = "embedding.weight"


class Attention(nn.Module):
    """Self-attention whose scores are never written to memory where PyTorch can avoid it."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.in_proj = nn.Linear(width, 3 * width)
        self.out_proj = nn.Linear(width, width)

    def forward(self, x: Tensor, visible: Tensor) -> Tensor:
        cells, length, width = x.shape
        heads = self.in_proj(x).view(cells, length, 3, self.heads, width // self.heads)
        query, key, value = heads.permute(2, 0, 3, 1, 4)
        gathered = F.scaled_dot_product_attention(
            query, key, value, attn_mask=visible, dropout_p=self.dropout
        )
        return self.out_proj(gathered.transpose(1, 2).reshape(cells, length, width))


class Layer(nn.Module):
    """A post-norm layer with ReLU, as `nn.TransformerEncoderLayer` has it."""

    def __init__(self, size: dict[str, Any]) -> None:
        super().__init__()
        width, wide = size["width"], size["feedForward"]
        self.dropout: float = size["dropout"]
        self.self_attn = Attention(width, size["heads"], self.dropout)
        self.linear1, self.linear2 = nn.Linear(width, wide), nn.Linear(wide, width)
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)

    def forward(self, x: Tensor, visible: Tensor) -> Tensor:
        x = self.norm1(x + F.dropout(self.self_attn(x, visible), self.dropout))
        hidden = F.dropout(F.relu(self.linear1(x)), self.dropout)
        return self.norm2(x + F.dropout(self.linear2(hidden), self.dropout))


class Encoder(nn.Module):
    """Layers one after the other; called as `nn.TransformerEncoder` is."""

    def __init__(self, size: dict[str, Any]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Layer(size) for _ in range(size["layers"]))

    def forward(self, x: Tensor, src_key_padding_mask: Tensor) -> Tensor:
        visible = ~src_key_padding_mask[:, None, None, :]
        for layer in self.layers:
            x = layer(x, visible)
        return x


def eager_encoder(size: dict[str, Any]) -> nn.Module:
    layer = nn.TransformerEncoderLayer(
        size["width"], size["heads"], size["feedForward"], size["dropout"], batch_first=True
    )
    return nn.TransformerEncoder(layer, size["layers"], enable_nested_tensor=False)


def head(width: int, outputs: int) -> nn.Module:
    return nn.Sequential(
        nn.Linear(width, width),
        nn.LeakyReLU(),
        nn.Linear(width, width),
        nn.LeakyReLU(),
        nn.Linear(width, outputs),
    )


class Model(nn.Module):
    """Gene table and value encoder, an encoder, and the two heads of the benchmark."""

    def __init__(self, size: dict[str, Any], encoder: nn.Module) -> None:
        super().__init__()
        width, genes = size["width"], size["genes"]
        self.embedding = nn.Embedding(genes + SPECIAL_TOKENS, width, padding_idx=genes)
        self.value_encoder = nn.Sequential(
            nn.Linear(1, width), nn.ReLU(), nn.Linear(width, width)
        )
        self.encoder = encoder
        self.decoder = head(width, 1)
        self.gene2query = head(width, width)

    def forward(self, genes: Tensor, values: Tensor, padding: Tensor) -> tuple[Tensor, Tensor]:
        rows = self.embedding(genes)
        tokens = rows + self.value_encoder(values.clamp(max=LARGEST_VALUE)[..., None])
        encoded = self.encoder(tokens, src_key_padding_mask=padding)
        recalled = self.gene2query(rows.detach()) @ encoded[:, 0, :, None]
        return self.decoder(encoded)[..., 0], recalled[..., 0]


def fill(model: nn.Module, slots: list[dict[str, Any]], flat: Tensor) -> None:
    """Gives the model the weights that ours begins with; linear layers are transposed there."""
    left = dict(model.named_parameters())
    for slot in slots:
        name = slot["name"]
        there = name if name in left else name.replace("in_proj.", "in_proj_")
        values = flat[slot["offset"] : slot["offset"] + slot["size"]].view(slot["shape"])
        turned = values if name == GENE_TABLE or values.dim() == 1 else values.T
        with torch.no_grad():
            left.pop(there).copy_(turned)
    if left:
        raise ValueError(f"ours has no weights {sorted(left)}")


Step = Callable[[], float]


def training(request: dict[str, Any], device: torch.device) -> tuple[Step, int]:
    """A step of training on the batch in the job's folder, and the number of parameters."""
    job, variant = request["job"], request["variant"]
    size, folder = job["size"], Path(job["folder"])
    count = size["cells"] * size["length"]

    def read(name: str, dtype: torch.dtype, length: int = count) -> Tensor:
        return torch.from_file(str(folder / f"{name}.bin"), size=length, dtype=dtype)

    def table(name: str, dtype: torch.dtype) -> Tensor:
        return read(name, dtype).view(size["cells"], size["length"]).to(device)

    model = Model(size, eager_encoder(size) if variant == "eager" else Encoder(size))
    fill(model, job["slots"], read("weights", torch.float32, job["parameters"]))
    model.to(device).train()
    genes, padding = table("genes", torch.int32).long(), table("padding", torch.uint8).bool()
    values, target = table("input", torch.float32), table("target", torch.float32)
    masked = table("masked", torch.uint8).float()
    share = masked / masked.sum()

    def loss_of() -> Tensor:
        half = request["precision"] == "bf16"
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=half):
            mlm, mvc = model(genes, values, padding)
        return (share * ((mlm.float() - target) ** 2 + (mvc.float() - target) ** 2)).sum()

    loss = torch.compile(loss_of) if variant == "compile" else loss_of
    adam = torch.optim.Adam(model.parameters(), lr=request["rate"], fused=True)

    def step() -> float:
        adam.zero_grad(set_to_none=True)
        found = loss()
        found.backward()
        adam.step()
        return found.item()

    return step, sum(parameter.numel() for parameter in model.parameters())


def product(request: dict[str, Any], device: torch.device) -> tuple[Step, int]:
    """The product of two square matrices, the second transposed as in a linear layer."""
    dtype = torch.bfloat16 if request["precision"] == "bf16" else torch.float32
    edge = request["edge"]
    a, b = (torch.randn(edge, edge, device=device).to(dtype) for _ in range(2))
    out = torch.empty_like(a)

    def step() -> float:
        torch.matmul(a, b.T, out=out)
        return 0.0

    return step, 0


def memory() -> tuple[int, int]:
    """Bytes that the process has in memory, and the most it ever had."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        fields = dict(line.split(":", 1) for line in lines if ":" in line)
        now, most = (int(fields[name].split()[0]) * 1024 for name in ("VmRSS", "VmHWM"))
        return now, most
    except (OSError, KeyError):
        return 0, 0


def tell(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)


def main() -> None:
    request = json.loads(sys.argv[1])
    torch.set_num_threads(request["threads"])
    torch.manual_seed(1)
    device = torch.device(request["device"])
    step, parameters = {"train": training, "product": product}[request["work"]](request, device)
    where = "processor" if device.type == "cpu" else torch.cuda.get_device_name(device)
    tell({"name": f"PyTorch {torch.__version__}", "device": where, "parameters": parameters})
    for line in sys.stdin:
        answer: dict[str, Any] = {"milliseconds": [], "losses": []}
        for _ in range(int(line)):
            begun = time.perf_counter()
            answer["losses"].append(step())
            if device.type == "cuda":
                torch.cuda.synchronize()
            answer["milliseconds"].append(1000 * (time.perf_counter() - begun))
        answer["resident"], answer["peak"] = memory()
        tell(answer)


if __name__ == "__main__":
    main()
