"""Words of sections 13, 15 and 16: program and log, signatures, copies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

RU: Final[Mapping[str, str]] = {
    "program": "Программа",
    "family": "Протокол",
    "port": "Подключение",
    "port serial": "последовательный порт",
    "port tcp": "по сети",
    "port rfc2217": "по сети, через преобразователь порта",
    "port sim": "ИМИТАТОР, НЕ НАСТОЯЩИЙ ПРИБОР",
    "profile sha256": "SHA-256 описания прибора",
    "body sha256": "SHA-256 тела акта",
    "records": "Записи журнала",
    "records text": "с {first} по {last}, всего {count}, журнал {log}",
    "checkpoint": "Контрольная точка журнала (полностью; тот же текст в QR-коде)",
    "checkpoint without code": "Контрольная точка журнала (полностью; для QR-кода слишком длинна)",
    "no checkpoint": "Контрольная точка журнала не приложена: по этому листу нельзя проверить журнал.",
    "qr": "QR-код с контрольной точкой журнала",
    "signature": "(подпись)",
    "sign name": "(расшифровка, дата)",
    "sign performer": "Исполнитель",
    "sign performer post": "Исполнитель, {post}",
    "sign customer": "Потребитель (представитель)",
    "sign grid": "Представитель сетевой организации (поставщика)",
    "sign refusal": "Отметка об отказе от подписи (причина; свидетель, фото, видео)",
    "not signed": "Не подписано электронно: подписи проставляются от руки.",
    "copies": "Акт составлен в двух экземплярах, имеющих равную силу, по одному для каждой из сторон. Экземпляр № "
    "____.",
}
EN: Final[Mapping[str, str]] = {
    "program": "Program",
    "family": "Protocol",
    "port": "Connection",
    "port serial": "serial port",
    "port tcp": "TCP",
    "port rfc2217": "RFC 2217",
    "port sim": "SIMULATOR, NO REAL METER",
    "profile sha256": "SHA-256 of the meter's profile",
    "body sha256": "SHA-256 of the act's body",
    "records": "Log records",
    "records text": "from {first} to {last}, {count} in all, log {log}",
    "checkpoint": "Checkpoint of the log (whole; the same text in the QR code)",
    "checkpoint without code": "Checkpoint of the log (whole; too long for a QR code)",
    "no checkpoint": "No checkpoint of the log is attached: the log cannot be checked by this sheet.",
    "qr": "QR code with the checkpoint of the log",
    "signature": "(signature)",
    "sign name": "(name, date)",
    "sign performer": "Performer",
    "sign performer post": "Performer, {post}",
    "sign customer": "Customer (representative)",
    "sign grid": "Representative of the grid company (supplier)",
    "sign refusal": "Refusal to sign (reason; witness, photo, video)",
    "not signed": "Not signed electronically: to be signed by hand.",
    "copies": "This act is made in 2 copies of equal force, one for each side. Copy No. ____.",
}
