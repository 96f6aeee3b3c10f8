"""The labels of the facts of a program's rules in the languages other than English."""

ARABIC = {
    "transaction_amount": "مبلغ عملية الشراء",
    "eligible_amount": "المبلغ المؤهل لكسب النقاط",
    "tax_amount": "الضريبة ضمن المبلغ",
    "fee_amount": "الرسوم ضمن المبلغ",
    "points_paid_amount": "الجزء المدفوع بالنقاط",
    "currency": "العملة",
    "channel": "القناة",
    "product_category": "فئة المنتج",
    "product_id": "المنتج",
    "quantity": "الكمية",
    "partner_ref": "الشريك",
    "event_type": "نوع الحدث",
    "day_of_week": "يوم الأسبوع (الاثنين هو 1)",
    "weekday": "يوم الأسبوع (الاثنين هو 1)",
    "hour_of_day": "ساعة اليوم",
    "occurred_on": "يوم الشراء",
    "tier_code": "مستوى العضو",
    "segment_codes": "شرائح العضو",
    "points_balance": "النقاط المتاحة",
    "points_lifetime": "مجموع النقاط المكتسبة منذ الانضمام",
    "purchase_count": "عدد عمليات الشراء السابقة",
    "days_enrolled": "عدد الأيام منذ الانضمام",
    "points_requested": "النقاط المطلوب استبدالها",
    "points": "النقاط المكتسبة خلال الفترة",
    "spend": "المبلغ المنفق خلال الفترة",
    "purchases": "عدد عمليات الشراء خلال الفترة",
}

LABELS = {"ar": ARABIC}
