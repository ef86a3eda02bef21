"""Words of other languages for what a log names, put into English before a line is read; the lines
of drawn tables become plain ones."""

from __future__ import annotations

import re
import unicodedata

_ENGLISH = {
    "loss": "损失 損失 손실 pérdida perte perda потери потеря",
    "val": "验证 驗證 评估 検証 검증 validación validação проверка",
    "test": "测试 測試 テスト 테스트 prueba",
    "train": "训练 訓練 学習 훈련 학습 entrenamiento entraînement обучение",
    "lr": "学习率 學習率 学習率 학습률",
    "step": "步骤 步驟 步数 步數 步 次数 ステップ 스텝 단계",
    "iteration": "迭代 反復 반복 итерация",
    "epoch": "轮次 轮数 轮 周期 エポック 에폭 에포크 época époque эпоха",
    "acc": "准确率 正确率 精度 정확도",
    "grad": "梯度 勾配 기울기",
    "norm": "范数 ノルム",
    "avg": "平均 평균",
    "best": "最佳 最优",
    "done": "完成 结束",
    "time": "用时 耗时 时间",
}
_LEXICON = {word: name for name, words in _ENGLISH.items() for word in words.split()}
_WORD = "|".join(sorted(map(re.escape, _LEXICON), key=len, reverse=True))
_RUN = re.compile(f"(?:{_WORD})+", re.IGNORECASE)
_ONE = re.compile(_WORD, re.IGNORECASE)
_EDGE = re.compile("[│┃║]")
_NUMBERED = re.compile(r"第\s*(\d+)\s*(轮|步)")


def in_english(text: str) -> str:
    """Return the line (latin-1 or decoded) with the known words translated; else as it is."""
    if text.isascii():
        return text
    try:
        decoded = text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        decoded = text
    if not _ONE.search(decoded):
        return _EDGE.sub("|", decoded) if _EDGE.search(decoded) else text
    plain = _NUMBERED.sub(r"\2 \1 ", unicodedata.normalize("NFKC", decoded))
    return _RUN.sub(_translated, plain)


def _translated(match: re.Match[str]) -> str:
    names = [_LEXICON[word.group(0).lower()] for word in _ONE.finditer(match.group(0))]
    return f" {' '.join(names)} "
