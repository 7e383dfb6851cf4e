-- Whose process a run was, whatever name its person gave, and a seal over all that it wrote down: each seal holds the one before.
ALTER TABLE runs ADD COLUMN user INTEGER;
ALTER TABLE runs ADD COLUMN sudo_user INTEGER;
ALTER TABLE runs ADD COLUMN seal TEXT;
