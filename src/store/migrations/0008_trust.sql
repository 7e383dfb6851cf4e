-- Whose process a run was, whatever name its person gave, and a seal over all that it wrote down: each seal holds the one before.
ALTER TABLE runs ADD COLUMN user INTEGER;
ALTER TABLE runs ADD COLUMN sudo_user INTEGER;
ALTER TABLE runs ADD COLUMN seal TEXT;
-- Another price, of periods that begin on or after a day.
ALTER TABLE services ADD COLUMN later_price_cents INTEGER CHECK (later_price_cents >= 0);
ALTER TABLE services ADD COLUMN later_price_is_gross INTEGER CHECK (later_price_is_gross IN (0, 1));
ALTER TABLE services ADD COLUMN later_price_from TEXT CHECK (later_price_from IS date(later_price_from));
