"""Right answers to the exercises of lesson 02, written differently, and mistakes with what the check says of them."""

import numpy as np
import torch
import torch.nn.functional as F

from dgnet_lite import losses
from dgnet_lite.course.checks.lesson02 import (
    check_batch_norm,
    check_conv_cost,
    check_embed,
    check_generalised_mean,
    check_identification,
    check_same_outfit,
)
from dgnet_lite.course.checks.proof import Proof
from dgnet_lite.evaluation.embed import eval_mode

# 02.1


def loss_by_logsumexp(logits, y):
    return (logits.logsumexp(dim=1) - logits.gather(1, y[:, None])[:, 0]).mean()


def loss_by_loop(logits, y):
    total = 0.0
    for z, label in zip(logits.double(), y.tolist(), strict=True):
        z = z - z.max()
        total += torch.log(torch.exp(z).sum()) - z[label]
    return total / len(y)


def loss_of_softmax(logits, y, *, dim=1, base=1.0, reduce=torch.mean):
    p = logits.exp() / logits.exp().sum(dim=dim, keepdim=True)
    return reduce(-p[torch.arange(len(y)), y].log() / base)


def loss_summed(logits, y):
    return F.cross_entropy(logits, y, reduction="sum")


def loss_over_the_batch_axis(logits, y):
    return loss_of_softmax(logits, y, dim=0)


def loss_to_base_two(logits, y):
    return loss_of_softmax(logits, y, base=np.log(2))


def loss_with_the_wrong_sign(logits, y):
    return -F.cross_entropy(logits, y)


def loss_of_scores(logits, y):
    return -logits[torch.arange(len(y)), y].mean()


def loss_clamped(logits, y):
    return -(logits.softmax(dim=1)[torch.arange(len(y)), y] + 1e-12).log().mean()


def loss_of_each_image(logits, y):
    return F.cross_entropy(logits, y, reduction="none")


def loss_without_logarithm(logits, y):
    return -logits.softmax(dim=1)[torch.arange(len(y)), y].mean()


# 02.2


def cost_by_ceiling(n_in, n_out, kernel, height, width, stride):
    return n_in * n_out * kernel * kernel * int(np.ceil(height / stride)) * int(np.ceil(width / stride))


def cost_by_torch(n_in, n_out, kernel, height, width, stride):
    conv = torch.nn.Conv2d(n_in, n_out, kernel, stride, padding=kernel // 2, bias=False)
    cells = conv(torch.zeros(1, n_in, height, width)).shape[2:].numel()
    return conv.weight.numel() * cells


def cost_without_input_channels(n_in, n_out, kernel, height, width, stride):
    return cost_by_ceiling(1, n_out, kernel, height, width, stride)


def cost_of_a_flat_kernel(n_in, n_out, kernel, height, width, stride):
    return cost_by_ceiling(n_in, n_out, kernel, height, width, stride) // kernel


def cost_without_stride(n_in, n_out, kernel, height, width, stride):
    return cost_by_ceiling(n_in, n_out, kernel, height, width, 1)


def cost_halved_once(n_in, n_out, kernel, height, width, stride):
    return n_in * n_out * kernel**2 * height * width // stride


def cost_rounded_down(n_in, n_out, kernel, height, width, stride):
    return n_in * n_out * kernel**2 * (height // stride) * (width // stride)


def cost_of_flops(n_in, n_out, kernel, height, width, stride):
    return 2 * cost_by_ceiling(n_in, n_out, kernel, height, width, stride)


def cost_without_padding(n_in, n_out, kernel, height, width, stride):
    rows, columns = ((n - kernel) // stride + 1 for n in (height, width))
    return n_in * n_out * kernel**2 * rows * columns


# 02.3


def pool_by_shares(x, p):
    m = x.amax(dim=(2, 3), keepdim=True).clamp(min=1e-9)
    return ((x / m).pow(p).mean(dim=(2, 3)) ** (1 / p)) * m[:, :, 0, 0]


def pool_by_logarithms(x, p):
    flat = x.flatten(2).double().clamp(min=1e-30).log()
    return ((p * flat).logsumexp(dim=2) / p - np.log(flat.shape[2]) / p).exp()


def pool_that_overflows(x, p):
    return x.pow(p).mean(dim=(2, 3)).pow(1 / p)


def pool_without_root(x, p):
    return x.pow(p).mean(dim=(2, 3))


def pool_summed(x, p):
    return x.pow(p).sum(dim=(2, 3)).pow(1 / p)


def pool_over_channels(x, p):
    return x.pow(p).mean(dim=1).pow(1 / p)


def pool_that_divides_by_zero(x, p):
    m = x.amax(dim=(2, 3), keepdim=True)
    return (x / m).pow(p).mean(dim=(2, 3)).pow(1 / p) * m[:, :, 0, 0]


def pool_by_mean(x, p):
    return x.mean(dim=(2, 3))


# 02.4


def norm_by_formula(x, mean, var, training):
    if training:
        mean = x.mean(dim=0)
        var = (x - mean).pow(2).mean(dim=0)
    return (x - mean) / torch.sqrt(var + 1e-5)


def norm_by_torch(x, mean, var, training):
    return F.batch_norm(x, mean.clone(), var.clone(), training=training, eps=1e-5)


def norm_always_by_running(x, mean, var, training):
    return (x - mean) / torch.sqrt(var + 1e-5)


def norm_always_by_batch(x, mean, var, training):
    return norm_by_formula(x, mean, var, True)


def norm_unbiased(x, mean, var, training):
    if training:
        mean, var = x.mean(dim=0), x.var(dim=0)
    return (x - mean) / (var + 1e-5).sqrt()


def norm_of_each_row(x, mean, var, training):
    if training:
        return F.layer_norm(x, x.shape[1:])
    return norm_always_by_running(x, mean, var, training)


def norm_by_variance(x, mean, var, training):
    if training:
        mean, var = x.mean(dim=0), x.var(dim=0, unbiased=False)
    return (x - mean) / (var + 1e-5)


def norm_with_eps_outside(x, mean, var, training):
    if training:
        mean, var = x.mean(dim=0), x.var(dim=0, unbiased=False)
    return (x - mean) / (var.sqrt() + 1e-5)


def norm_without_eps(x, mean, var, training):
    if training:
        mean, var = x.mean(dim=0), x.var(dim=0, unbiased=False)
    return (x - mean) / var.sqrt()


# 02.5


def embed_by_hand(model, x):
    was = model.training
    model.eval()
    with torch.no_grad():
        total = sum(F.normalize(model.features(view)[0], dim=1) for view in (x, x.flip(-1)))
    model.train(was)
    return total / total.norm(dim=1, keepdim=True)


@torch.no_grad()
def embed_by_one_batch(model, x):
    with eval_mode(model):
        f = model.features(torch.cat([x, x.flip(3)]))[0]
    plain, mirrored = (f / f.norm(dim=1, keepdim=True)).chunk(2)
    return F.normalize((plain + mirrored) / 2, dim=1)


def embed_with(model, x, *, views=None, first=True, last=True, dim=1, evaluate=True, restore=True, grad=False):
    was = model.training
    model.train(not evaluate and was)
    with torch.set_grad_enabled(grad):
        features = [model.features(view)[0] for view in (views(x) if views else (x, x.flip(-1)))]
        total = sum(F.normalize(f, dim=dim) if first else f for f in features)
        total = F.normalize(total, dim=dim) if last else total
    model.train(was if restore else model.training)
    return total


def embed_in_training_mode(model, x):
    return embed_with(model, x, evaluate=False)


def embed_without_mirror(model, x):
    return embed_with(model, x, views=lambda x: (x,))


def embed_upside_down(model, x):
    return embed_with(model, x, views=lambda x: (x, x.flip(-2)))


def embed_without_first_norm(model, x):
    return embed_with(model, x, first=False)


def embed_without_last_norm(model, x):
    return embed_with(model, x, last=False)


def embed_left_in_evaluation(model, x):
    return embed_with(model, x, restore=False)


def embed_left_in_training(model, x):
    f = embed_by_hand(model, x)
    model.train()
    return f


def embed_with_gradient(model, x):
    return embed_with(model, x, grad=True)


def embed_by_columns(model, x):
    return embed_with(model, x, dim=0)


# 02.6


def outfit_at_once(first, query_ids, gallery_ids, query_outfits, gallery_outfits):
    wrong = gallery_ids[first] != query_ids
    same, other = query_outfits[:, None] == gallery_outfits, query_ids[:, None] != gallery_ids
    chance = (same & other).sum(axis=1) / other.sum(axis=1)
    return (gallery_outfits[first] == query_outfits)[wrong].mean(), chance[wrong].mean()


def outfit_by_loop(first, query_ids, gallery_ids, query_outfits, gallery_outfits):
    shares, chances = [], []
    for f, pid, outfit in zip(first, query_ids, query_outfits, strict=True):
        if gallery_ids[f] != pid:
            shares.append(gallery_outfits[f] == outfit)
            chances.append(np.mean(gallery_outfits[gallery_ids != pid] == outfit))
    return [float(np.mean(shares)), float(np.mean(chances))]


def outfit_of_all_queries(first, query_ids, gallery_ids, query_outfits, gallery_outfits):
    _, chance = outfit_at_once(first, query_ids, gallery_ids, query_outfits, gallery_outfits)
    return (gallery_outfits[first] == query_outfits).mean(), chance


def outfit_per_query(first, query_ids, gallery_ids, query_outfits, gallery_outfits):
    wrong = gallery_ids[first] != query_ids
    share, chance = outfit_at_once(first, query_ids, gallery_ids, query_outfits, gallery_outfits)
    return share * wrong.mean(), chance


def outfit_with_own_images(first, query_ids, gallery_ids, query_outfits, gallery_outfits):
    wrong = gallery_ids[first] != query_ids
    share, _ = outfit_at_once(first, query_ids, gallery_ids, query_outfits, gallery_outfits)
    return share, (query_outfits[:, None] == gallery_outfits).mean(axis=1)[wrong].mean()


def outfit_chance_over_all(first, query_ids, gallery_ids, query_outfits, gallery_outfits):
    same, other = query_outfits[:, None] == gallery_outfits, query_ids[:, None] != gallery_ids
    share, _ = outfit_at_once(first, query_ids, gallery_ids, query_outfits, gallery_outfits)
    return share, ((same & other).sum(axis=1) / other.sum(axis=1)).mean()


def outfit_chance_of_whole_gallery(first, query_ids, gallery_ids, query_outfits, gallery_outfits):
    wrong = gallery_ids[first] != query_ids
    same, other = query_outfits[:, None] == gallery_outfits, query_ids[:, None] != gallery_ids
    share, _ = outfit_at_once(first, query_ids, gallery_ids, query_outfits, gallery_outfits)
    return share, (same & other).mean(axis=1)[wrong].mean()


PROOFS = [
    Proof(
        check_identification,
        right=[loss_by_logsumexp, loss_by_loop, losses.identification],
        wrong=[
            (loss_of_softmax, "e\\^1000 is infinite"),
            (loss_summed, "take the mean"),
            (loss_over_the_batch_axis, "along axis 1"),
            (loss_to_base_two, "base 2"),
            (loss_with_the_wrong_sign, "negative of the logarithm"),
            (loss_of_scores, "softmax is missing"),
            (loss_clamped, "cuts it off"),
            (loss_of_each_image, "shape|one loss an image|single number"),
            (loss_without_logarithm, "logarithm is missing"),
        ],
    ),
    Proof(
        check_conv_cost,
        right=[cost_by_ceiling, cost_by_torch],
        wrong=[
            (cost_without_input_channels, "reads every input channel"),
            (cost_of_a_flat_kernel, "9 numbers"),
            (cost_without_stride, "no effect"),
            (cost_halved_once, "rows and columns"),
            (cost_rounded_down, "round up"),
            (cost_of_flops, "FLOPs count the additions"),
            (cost_without_padding, "border is not lost"),
        ],
    ),
    Proof(
        check_generalised_mean,
        right=[pool_by_shares, pool_by_logarithms],
        wrong=[
            (pool_that_overflows, "beyond float32"),
            (pool_without_root, "root is missing"),
            (pool_summed, "sum over cells"),
            (pool_over_channels, "not over channels"),
            (pool_that_divides_by_zero, "0 / 0"),
            (pool_by_mean, "p has no effect"),
        ],
    ),
    Proof(
        check_batch_norm,
        right=[norm_by_formula, norm_by_torch],
        wrong=[
            (norm_always_by_running, "batch's own statistics"),
            (norm_always_by_batch, "Outside of training"),
            (norm_unbiased, "not B - 1"),
            (norm_of_each_row, "axis 0"),
            (norm_by_variance, "not the variance"),
            (norm_with_eps_outside, "added to the variance"),
            (norm_without_eps, "eps = 1e-5 is missing"),
        ],
    ),
    Proof(
        check_embed,
        right=[embed_by_hand, embed_by_one_batch],
        wrong=[
            (embed_in_training_mode, "model.eval\\(\\)"),
            (embed_without_mirror, "mirror image is missing"),
            (embed_upside_down, "upside down"),
            (embed_without_first_norm, "before you add"),
            (embed_without_last_norm, "not of length 1"),
            (embed_left_in_evaluation, "left in evaluation mode"),
            (embed_with_gradient, "no_grad"),
            (embed_left_in_training, "came in evaluation mode"),
            (embed_by_columns, "along axis 1"),
        ],
    ),
    Proof(
        check_same_outfit,
        right=[outfit_at_once, outfit_by_loop],
        wrong=[
            (outfit_of_all_queries, "only wrong ones count"),
            (outfit_per_query, "number of wrong answers"),
            (outfit_with_own_images, "leave them out"),
            (outfit_chance_over_all, "first rank is wrong alone"),
            (outfit_chance_of_whole_gallery, "not by the whole gallery"),
        ],
    ),
]
